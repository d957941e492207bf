/**
 * The load generator for loads that saturate a server: a C++ program, compiled when it is first needed.
 *
 * The engine of `resound bench` takes about 3 us to receive an event and 80 us to publish one, this one 1 and 30:
 * under a load without a rate the engine would be what is measured. For all others it is not used.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Load, Target } from './generator.ts'
import { cacheDirectory, repository, run } from './process.ts'

/** Compiles it unless its present source has been compiled. @returns its path */
async function build(): Promise<string> {
  const sources = join(repository, 'test/bench/load')
  const hash = createHash('sha256')
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)))
  const program = join(cacheDirectory, `bench-load-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(program)) return program
  mkdirSync(cacheDirectory, { recursive: true })
  await run('g++', ['-O2', '-std=c++17', '-o', program, join(sources, 'load.cpp')], {
    missing:
      'The generator for loads that saturate is compiled on demand and needs g++ (Debian: apt-get install g++).',
  })
  return program
}

/** Its command for a load; `load/options.hpp` says what each option means, and its default. */
export async function nativeCommand(
  { others = [], ...first }: Target,
  { isSaturating, ...load }: Load,
  maxSeconds: number,
): Promise<readonly string[]> {
  const nodes = [first, ...others]
  const options = Object.entries({
    ...load,
    ...first,
    port: nodes.map(({ port }) => port).join(','),
    pid: nodes.map(({ pid }) => pid).join(','),
    maxSeconds,
  })
  return [await build(), ...options.map(([name, value]) => `--${name}=${value}`)]
}

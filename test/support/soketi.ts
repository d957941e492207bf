/** soketi as npm has it, for those who compare with it or move from it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Directory } from './directory.ts'
import { freePort } from './free-port.ts'
import { installPackages } from './npm-package.ts'

/** Installs soketi, once, on the uWebSockets.js that Resound runs on. @returns its program */
export async function installSoketi(): Promise<string> {
  const modules = await installPackages('soketi', {
    dependencies: { '@soketi/soketi': '1.6.1' },
    overrides: { 'uWebSockets.js': 'npm:@uwsjs/core@20.51.4' },
  })
  return join(modules, '@soketi/soketi/bin/server.js')
}

/** A soketi that runs. Disposing of it ends it. */
export interface Soketi extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

/**
 * Starts soketi on free ports of the loopback, with its metrics.
 *
 * @param args of `soketi start`
 * @param environment variables beside PATH
 * @throws Error with what it printed when it ends instead
 */
export async function startSoketi(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Soketi> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const home = new Directory()
  const child = spawn(process.execPath, [await installSoketi(), 'start', ...args], {
    cwd: home.path,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      NODE_NO_WARNINGS: '1',
      SOKETI_HOST: '127.0.0.1',
      SOKETI_PORT: String(port),
      SOKETI_METRICS_ENABLED: 'true',
      SOKETI_METRICS_HOST: '127.0.0.1',
      SOKETI_METRICS_SERVER_PORT: String(metricsPort),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let printed = ''
  const isUp = new Promise<boolean>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      printed += `${line}\n`
      if (line.includes('Server is up and running')) resolve(true)
    })
  })
  const up = await Promise.race([isUp, ended.then(() => false)])
  if (!up) throw new Error(`soketi did not start:\n${printed}`)
  return {
    port,
    metricsPort,
    async [Symbol.asyncDispose]() {
      kill()
      await ended
      process.off('exit', kill)
      home[Symbol.dispose]()
    },
  }
}

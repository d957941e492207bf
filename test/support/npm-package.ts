/**
 * Other people's servers, from npm: installed once per version beside the tests, and not among the
 * project's own packages.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const CACHE = join(import.meta.dirname, '../../.cache')
const INSTALL_TIMEOUT_MS = 5 * 60_000

/** What a `package.json` says of packages. */
export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly overrides?: Readonly<Record<string, string>>
}

/**
 * Installs packages without running their scripts, unless they are there.
 *
 * @param name of their directory
 * @returns their `node_modules`
 * @throws Error with what npm says
 */
export async function installPackages(name: string, manifest: Manifest): Promise<string> {
  const text = JSON.stringify({ private: true, ...manifest })
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const installed = join(CACHE, `${name}-${hash}`)
  if (existsSync(installed)) return join(installed, 'node_modules')
  mkdirSync(CACHE, { recursive: true })
  const fresh = mkdtempSync(join(CACHE, `${name}-`))
  try {
    writeFileSync(join(fresh, 'package.json'), text)
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    await promisify(execFile)('npm', ['install', ...flags], {
      cwd: fresh,
      timeout: INSTALL_TIMEOUT_MS,
    })
    renameSync(fresh, installed) // whole or not at all
  } catch (error) {
    rmSync(fresh, { recursive: true })
    if (!existsSync(installed)) throw error // else another test run was first
  }
  return join(installed, 'node_modules')
}

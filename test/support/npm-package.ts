/**
 * Other people's servers, from npm: installed once per version beside the tests, and not among the
 * project's own packages.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
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
  if (!existsSync(installed)) {
    mkdirSync(CACHE, { recursive: true })
    const fresh = mkdtempSync(join(CACHE, `${name}-`))
    writeFileSync(join(fresh, 'package.json'), text)
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    await promisify(execFile)('npm', ['install', ...flags], {
      cwd: fresh,
      timeout: INSTALL_TIMEOUT_MS,
    })
    moveUnlessThere(fresh, installed)
  }
  return join(installed, 'node_modules')
}

/** Whole or not at all; of two installations at once, the first to finish stays. */
function moveUnlessThere(fresh: string, installed: string): void {
  try {
    renameSync(fresh, installed)
  } catch (error) {
    if (!existsSync(installed))
      throw new Error(`${basename(installed)} has no place`, { cause: error })
    rmSync(fresh, { recursive: true })
  }
}

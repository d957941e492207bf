/**
 * The files of a Laravel application: `laravel-app/`, with what a version of Laravel has otherwise
 * (`laravel-versions/`) over it, and Composer's packages.
 *
 * The packages are installed once per `composer.json` and shared; everything that an application
 * writes (`.env`, database, sessions, log) is in a directory of its own.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  access,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const APP = path.join(import.meta.dirname, 'laravel-app')
const VERSIONS = path.join(import.meta.dirname, 'laravel-versions')
const CACHE = path.join(import.meta.dirname, '../../.cache/laravel-app')
const COMPOSER_TIMEOUT_MS = 10 * 60_000

export const LARAVEL_VERSIONS = ['9', '11', '12'] as const
export type LaravelVersion = (typeof LARAVEL_VERSIONS)[number]

/** Installs the packages of every version, unless they are there. */
export async function installLaravel(): Promise<void> {
  await Promise.all(LARAVEL_VERSIONS.map(installPackages))
}

/** @returns the `vendor` directory */
async function installPackages(version: LaravelVersion): Promise<string> {
  const manifest = path.join(VERSIONS, version, 'composer.json')
  const hash = createHash('sha256')
    .update(await readFile(manifest))
    .digest('hex')
    .slice(0, 16)
  const installed = path.join(CACHE, hash)
  if (await exists(installed)) return path.join(installed, 'vendor')

  await mkdir(CACHE, { recursive: true })
  const fresh = await mkdtemp(`${installed}-`)
  await cp(manifest, path.join(fresh, 'composer.json'))
  await run('composer', ['install', '--no-interaction', '--no-progress', '--no-plugins'], {
    cwd: fresh,
    env: { ...process.env, COMPOSER_ALLOW_SUPERUSER: '1' },
    timeout: COMPOSER_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  try {
    await rename(fresh, installed)
  } catch (error) {
    if (!(await exists(installed))) throw error
    await rm(fresh, { recursive: true }) // Another test run was first.
  }
  return path.join(installed, 'vendor')
}

/** Lays out an application in a directory: its files, links to the packages, and room to write. */
export async function layOut(directory: string, version: LaravelVersion): Promise<void> {
  const shared = await installPackages(version)
  await cp(APP, directory, { recursive: true })
  await cp(path.join(VERSIONS, version), directory, { recursive: true })
  for (const written of [
    'bootstrap/cache',
    'storage/framework/cache',
    'storage/framework/sessions',
    'storage/framework/views',
    'storage/logs',
    'vendor',
  ])
    await mkdir(path.join(directory, written), { recursive: true })

  // Composer's autoloader finds the application from where it lies itself: a copy, not a link.
  for (const entry of await readdir(shared)) {
    const to = path.join(directory, 'vendor', entry)
    if (entry === 'autoload.php' || entry === 'composer')
      await cp(path.join(shared, entry), to, { recursive: true })
    else await symlink(path.join(shared, entry), to)
  }

  await writeFile(path.join(directory, 'database/database.sqlite'), '')
}

/** Gives an application copies of the packages in place of links, so that it can be changed in earnest. */
export async function ownPackages(directory: string): Promise<void> {
  const copy = 'cp -rL vendor own-vendor && rm -r vendor && mv own-vendor vendor'
  await run('sh', ['-c', copy], { cwd: directory })
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/**
 * The parts of the system that the tests run against: Redis, PostgreSQL, PHP, Composer, Chromium,
 * Prometheus and proxies.
 *
 * What is missing is installed where that can be done unasked (Debian and its kin, as root); anywhere
 * else `bringSystemParts` fails and says what to install. It never goes on without a part.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { postgresPrograms } from './postgres.ts'

const run = promisify(execFile)

const APT_TIMEOUT_MS = 15 * 60_000
const PROBE_TIMEOUT_MS = 30_000

interface Part {
  readonly name: string
  readonly debianPackage: string
  isPresent(): Promise<boolean>
}

const program = (name: string, versionFlag: string, debianPackage = name): Part => ({
  name,
  debianPackage,
  isPresent: async () => (await output(name, versionFlag)) !== undefined,
})

const phpExtension = (module: string, debianPackage: string): Part => ({
  name: `the PHP extension ${module}`,
  debianPackage,
  isPresent: async () =>
    (await output('php', '-m'))?.toLowerCase().split('\n').includes(module) === true,
})

const PARTS: readonly Part[] = [
  program('redis-server', '--version'),
  {
    name: 'PostgreSQL',
    debianPackage: 'postgresql',
    isPresent: async () => (await postgresPrograms()) !== undefined,
  },
  program('php', '--version', 'php-cli'),
  phpExtension('curl', 'php-curl'),
  phpExtension('mbstring', 'php-mbstring'),
  phpExtension('pdo_sqlite', 'php-sqlite3'),
  phpExtension('redis', 'php-redis'),
  phpExtension('pdo_pgsql', 'php-pgsql'),
  phpExtension('dom', 'php-xml'),
  program('composer', '--version'),
  program('unzip', '-v'),
  program('openssl', 'version'),
  program('g++', '--version'),
  program('chromium', '--version'),
  program('nginx', '-v'),
  program('apache2', '-v', 'apache2-bin'), // without the service of the package apache2
  program('haproxy', '-v'),
  program('caddy', 'version'),
  program('zsh', '--version'),
  program('fish', '--version'),
  program('prometheus', '--version'),
  program('promtool', '--version', 'prometheus'),
  program('systemd-analyze', '--version', 'systemd'),
]

/**
 * Makes sure that every part is there, installing the missing ones.
 *
 * @throws Error in one line, if parts are missing and cannot be installed from here.
 */
export async function bringSystemParts(): Promise<void> {
  const missing = await missingParts()
  if (missing.length === 0) return
  if (!(await canInstall())) throw new Error(whatToInstall(missing))

  await apt('update')
  await apt('install', '--yes', '--no-install-recommends', ...missing.map((p) => p.debianPackage))

  const stillMissing = await missingParts()
  if (stillMissing.length > 0) throw new Error(whatToInstall(stillMissing))
}

async function missingParts(): Promise<readonly Part[]> {
  const present = await Promise.all(PARTS.map((part) => part.isPresent()))
  return PARTS.filter((_, index) => present[index] === false)
}

const whatToInstall = (missing: readonly Part[]): string =>
  `The tests need ${missing.map((part) => part.name).join(', ')}: install ` +
  `${missing.length === 1 ? 'it' : 'them'} (Debian and Ubuntu: apt-get install ` +
  `${missing.map((part) => part.debianPackage).join(' ')}) and run them again.`

const canInstall = async (): Promise<boolean> =>
  process.getuid?.() === 0 && (await output('apt-get', '--version')) !== undefined

/** Waits for another apt-get to finish instead of failing on its lock. */
async function apt(...args: readonly string[]): Promise<void> {
  await run('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: APT_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** @returns what a program prints, or nothing where it does not run. */
async function output(command: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(command, args, { timeout: PROBE_TIMEOUT_MS })).stdout
  } catch {
    return undefined // Not installed, or broken: the same to whoever needs it.
  }
}

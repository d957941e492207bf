/**
 * Where a server's admin socket is: the same place for `start` and for every command that asks it.
 *
 * The file's name is made from what tells one server from another: the configuration file, the Laravel
 * app, the working directory where there is neither, and the port that the environment names. Flags
 * other than --config and --laravel have no part in it, since only `start` takes them. Nothing here
 * depends on the configuration being valid: a server must be found, and stopped, when it is not.
 */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import type { Environment } from '../config/environment.ts'
import type { Flags } from '../config/sources.ts'
import { real, startedWith } from './started-with.ts'

/** What the system takes as the path of a socket: 108 bytes on Linux, 104 elsewhere, with their end. */
export const MOST_PATH_BYTES = 103

/** Of `/run`, for a server that is started by the system. */
const SYSTEM_DIRECTORY = '/run/resound'

/** What tells this server from another on the host. */
export function identityOf(flags: Flags, environment: Environment, directory: string): string {
  const { config, laravel, port } = startedWith(flags, environment, directory)
  const parts = [
    config === null ? '' : real(config),
    laravel === null ? '' : real(laravel),
    config === null && laravel === null ? real(directory) : '',
    port ?? '',
  ]
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16)
}

/** The directories where sockets may be, the one preferred first. They need not exist. */
export function runDirectories(environment: Environment): readonly string[] {
  const own = environment['XDG_RUNTIME_DIR']
  return [
    ...(own === undefined || !path.isAbsolute(own) ? [] : [path.join(own, 'resound')]),
    SYSTEM_DIRECTORY,
    path.join(tmpdir(), `resound-${userInfo().uid}`),
  ]
}

/** Where a server's socket may be found, in the order in which `start` prefers them. */
export function socketPaths(identity: string, environment: Environment): readonly string[] {
  return runDirectories(environment)
    .filter(isOurs)
    .map((directory) => path.join(directory, `${identity}.sock`))
    .filter(fits)
}

/** Where a server makes its socket, in a directory that is made for it; undefined where it cannot be. */
export function placeForSocket(identity: string, environment: Environment): string | undefined {
  for (const directory of runDirectories(environment)) {
    const file = path.join(directory, `${identity}.sock`)
    if (fits(file) && isMade(directory)) return file
  }
  return undefined
}

export const fits = (file: string): boolean => Buffer.byteLength(file) <= MOST_PATH_BYTES

/** Makes a directory that only its owner can enter, or finds it so. */
function isMade(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') return false // no such run directory here, or not for this user
  }
  return isOurs(directory) && isOwn(directory)
}

/**
 * Whether nobody else but root could have put a socket there: a command trusts what answers on it,
 * and `/tmp` is anybody's.
 */
function isOurs(directory: string): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false })
  if (found === undefined || !found.isDirectory() || (found.mode & 0o022) !== 0) return false
  // Root asks servers of other users, whose run directory only root could have given them.
  return (
    isOwn(directory) || found.uid === 0 || (userInfo().uid === 0 && directory === SYSTEM_DIRECTORY)
  )
}

function isOwn(directory: string): boolean {
  return lstatSync(directory).uid === userInfo().uid
}

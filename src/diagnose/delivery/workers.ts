/**
 * The queue workers of a Laravel app that run on this machine, as the system lists them.
 *
 * Laravel keeps no list of its own. Elsewhere than on Linux, and for workers on other machines or in other
 * containers, nothing is seen here, which says nothing.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

export interface Worker {
  readonly pid: number
  /** As it was started, from `artisan` on. */
  readonly command: string
  /** The queue connection; undefined for the app's default one. */
  readonly connection: string | undefined
  /** The queues; empty for the default one. */
  readonly queues: readonly string[]
}

const COMMAND = /^(?:queue:(?:work|listen)|horizon:work)$/

export function queueWorkers(directory: string): readonly Worker[] {
  const app = realpathSync(directory)
  return pids().flatMap((pid) => workerOf(pid, app) ?? [])
}

function pids(): readonly number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
  } catch {
    return [] // no such list on this system
  }
}

function workerOf(pid: number, app: string): Worker | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const artisan = words.findIndex((word) => /(?:^|\/)artisan$/.test(word))
    const [script = '', command = '', ...rest] = artisan === -1 ? [] : words.slice(artisan, -1)
    if (!COMMAND.test(command)) return undefined
    const file = realpathSync(join('/', script.startsWith('/') ? script : `${cwd(pid)}/${script}`))
    if (file !== join(app, 'artisan')) return undefined
    return {
      pid,
      command: ['artisan', command, ...rest].join(' '),
      connection: rest.find((word) => word !== '' && !word.startsWith('-')),
      queues: queuesIn(rest),
    }
  } catch {
    return undefined // it has ended meanwhile, or belongs to somebody else
  }
}

const cwd = (pid: number): string => readlinkSync(`/proc/${pid}/cwd`)

function queuesIn(options: readonly string[]): readonly string[] {
  const index = options.findIndex((option) => option.startsWith('--queue'))
  const option = options[index]
  if (option === undefined) return []
  const list = option.includes('=') ? option.slice(option.indexOf('=') + 1) : options[index + 1]
  return (list ?? '').split(',').filter((name) => name !== '')
}

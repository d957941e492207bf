/**
 * What `diagnose --bundle` hands to somebody who helps: what was found, and what it was found in, without a
 * secret in it.
 */
import { execFile } from 'node:child_process'
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'
import { arch, platform, release } from 'node:os'
import { promisify } from 'node:util'
import { describeProblem } from '../config/problem.ts'
import { shownValues } from '../config/values.ts'
import type { Scene } from '../diagnose/scene.ts'
import { scrubber } from '../diagnose/secrets.ts'
import { version } from '../version.ts'
import { type ArchiveFile, tarGz } from './tar.ts'

const LOG_BYTES = 256 * 1024
const LOG_LINES = 1000
const JOURNAL_MILLISECONDS = 5000

/**
 * Writes the archive, which only its owner can read.
 * @param diagnosis the document of `--json`
 * @throws Error where there is such a file already, or none can be written
 */
export async function writeBundle(file: string, diagnosis: object, scene: Scene): Promise<void> {
  const scrub = await scrubber(scene)
  const files = await contents(diagnosis, scene)
  const scrubbed = files.map(({ name, text }) => ({ name: `resound/${name}`, text: scrub(text) }))
  writeFileSync(file, tarGz(scrubbed, Date.now() / 1000), { flag: 'wx', mode: 0o600 })
}

async function contents(diagnosis: object, scene: Scene): Promise<readonly ArchiveFile[]> {
  const server = await scene.server()
  const status = await scene.status()
  const { reading } = scene
  const asked = async (ask: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await ask()
    } catch (fault) {
      return { fault: (fault as Error).message }
    }
  }
  const served = server && (await asked(() => server.ask('GET', '/configuration')))
  const configuration = reading.valid
    ? { read: shownValues(reading.config), notices: reading.notices, served }
    : { problems: reading.problems.map(describeProblem), served }
  const metrics = server && (await asked(() => server.askText('/metrics')))
  return [
    { name: 'diagnosis.json', text: json(diagnosis) },
    {
      name: 'status.json',
      text: json(server && (await asked(() => server.ask('GET', '/status')))),
    },
    { name: 'nodes.json', text: json(server && (await asked(() => server.ask('GET', '/nodes')))) },
    { name: 'configuration.json', text: json(configuration) },
    { name: 'versions.json', text: json(versions()) },
    { name: 'metrics.txt', text: typeof metrics === 'string' ? metrics : json(metrics) },
    { name: 'log.txt', text: status === undefined ? NO_SERVER : await lastLines(status.pid) },
  ]
}

const NO_SERVER = 'No server runs.\n'
const json = (value: unknown): string => `${JSON.stringify(value ?? null, null, 2)}\n`

const versions = (): object => ({
  resound: version,
  node: process.versions.node,
  openssl: process.versions.openssl,
  platform: `${platform()} ${release()} ${arch()}`,
})

/** Of the log, where it goes to a file or to the journal. */
async function lastLines(pid: number): Promise<string> {
  return (
    fileTail(`/proc/${pid}/fd/2`) ?? (await journal(pid)) ?? 'The log is not reached from here.\n'
  )
}

/** @returns undefined where it is no file, or another's */
function fileTail(path: string): string | undefined {
  let descriptor: number | undefined
  try {
    const stat = statSync(path) // before it is opened: a pipe is somebody's
    if (!stat.isFile()) return undefined
    descriptor = openSync(path, 'r')
    const from = Math.max(0, stat.size - LOG_BYTES)
    const bytes = Buffer.alloc(stat.size - from)
    readSync(descriptor, bytes, 0, bytes.length, from)
    const text = bytes.toString('utf8')
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

async function journal(pid: number): Promise<string | undefined> {
  try {
    const args = [`_PID=${pid}`, '-n', String(LOG_LINES), '-o', 'cat', '--no-pager', '--quiet']
    const { stdout } = await promisify(execFile)('journalctl', args, {
      timeout: JOURNAL_MILLISECONDS,
      maxBuffer: 4 * LOG_BYTES,
    })
    return stdout === '' ? undefined : stdout
  } catch {
    return undefined // no journal here, or it is not for this user
  }
}

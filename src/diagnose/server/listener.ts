/**
 * Who listens on a port of this machine.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { request } from 'undici'

export interface Listener {
  readonly isResound: boolean
  readonly evidence: readonly string[]
}

const MILLISECONDS = 2000
const UP = '{"health":"OK"}'

/** @returns undefined where nobody does */
export async function listenerAt(
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Listener | undefined> {
  if (port === 0) return undefined
  const owner = ownerOf(port)
  const seen = owner === undefined ? [] : [`Process ${owner} listens on port ${port}.`]
  const address = host.includes(':') ? `[${host}]` : host
  try {
    const { statusCode, headers, body } = await request(`http://${address}:${port}/up`, {
      headersTimeout: MILLISECONDS,
      bodyTimeout: MILLISECONDS,
      signal,
    })
    const text = (await body.text()).slice(0, 100)
    const server = headers['server']
    const named = server === undefined ? '' : `, Server: ${String(server)}`
    return {
      isResound: statusCode === 200 && text.trim() === UP,
      evidence: [...seen, `GET /up answers ${statusCode}${named}.`],
    }
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ECONNREFUSED' && owner === undefined) {
      return undefined
    }
    return {
      isResound: false,
      evidence: [...seen, `It speaks no HTTP: ${(fault as Error).message}`],
    }
  }
}

const LISTENING = '0A'

/** `nginx (pid 12)`; undefined where the system does not tell. */
function ownerOf(port: number): string | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    textOf(file)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => state === LISTENING && local.endsWith(`:${wanted}`))
      .map((fields) => fields[9] ?? ''),
  )
  for (const pid of inodes.length === 0
    ? []
    : entriesOf('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = entriesOf(`/proc/${pid}/fd`).some((fd) => {
      const link = linkOf(`/proc/${pid}/fd/${fd}`)
      return inodes.some((inode) => link === `socket:[${inode}]`)
    })
    if (holds) return `${textOf(`/proc/${pid}/comm`).trim()} (pid ${pid})`
  }
  return undefined
}

// What ends, or belongs to another user, while it is looked at, is simply not there.
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}

/**
 * The way from a command to the server that runs: its admin port, as its configuration names it.
 */
import type { Config } from '../config/schema.ts'
import { ResoundError } from '../errors.ts'

const TIMEOUT_MILLISECONDS = 10_000

/**
 * Asks the running server.
 * @param path with its query
 * @returns the answer's JSON
 * @throws ResoundError RESOUND_SERVER_UNREACHABLE without an answer, RESOUND_SERVER_REFUSED for any but 200
 */
export async function askServer(
  { admin }: Pick<Config, 'admin'>,
  method: 'GET' | 'POST',
  path: string,
): Promise<unknown> {
  const origin = `http://${hostOf(admin.host)}:${admin.port}`
  if (admin.port === 0) {
    throw new ResoundError(
      'RESOUND_SERVER_UNREACHABLE',
      'The admin port is a free one (admin.port is 0), so it cannot be found.',
      { remedy: 'Set RESOUND_ADMIN_PORT to the port that the ready line names.' },
    )
  }
  const headers = admin.token === undefined ? {} : { Authorization: `Bearer ${admin.token}` }
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  }).catch((cause: unknown) => {
    throw new ResoundError('RESOUND_SERVER_UNREACHABLE', `No server answers at ${origin}.`, {
      cause,
    })
  })
  const body = await answer.text()
  if (answer.status !== 200) {
    const said = /^\{"error":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? `status ${answer.status}`
    throw new ResoundError('RESOUND_SERVER_REFUSED', `The server at ${origin} refuses: ${said}`)
  }
  return JSON.parse(body)
}

/** An address to reach what listens on `host`. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

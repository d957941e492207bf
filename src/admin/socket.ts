/**
 * The admin socket: the admin API for who may open a file, on a Unix socket of mode 0600.
 *
 * A socket file that nobody listens on is of a server that is gone, and is replaced. One that answers
 * is another server's and stays, and so does whatever is no socket: nobody asked for its removal.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import path from 'node:path'
import type { Logger } from 'pino'
import { ResoundError } from '../errors.ts'
import { type HttpResponse, refusal } from '../http-api/exchange.ts'
import type { AdminApi } from './router.ts'
import { fits, MOST_PATH_BYTES } from './socket-path.ts'

const MOST_CONNECTIONS = 100
const HEADERS_MILLISECONDS = 10_000
const PROBE_MILLISECONDS = 1000

export interface AdminSocket {
  readonly path: string
  /** Closes it and removes its file. */
  stop(): void
}

/**
 * Serves the admin API on a socket.
 * @throws ResoundError RESOUND_SOCKET_UNUSABLE, also where another server listens on it;
 * RESOUND_CONFIG_INVALID where the path is of something else than a socket
 */
export async function serveAdminSocket(
  api: AdminApi,
  file: string,
  log: Logger,
): Promise<AdminSocket> {
  const absolute = path.resolve(file)
  if (!fits(absolute)) {
    throw unusable(absolute, `its path is longer than ${MOST_PATH_BYTES} bytes`)
  }
  const server = createServer((request, response) => void answer(request, response, api, log))
  server.maxConnections = MOST_CONNECTIONS
  server.headersTimeout = HEADERS_MILLISECONDS
  try {
    await listenOn(server, absolute)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw unusable(absolute, (cause as Error).message, cause)
    }
    if (isOfSomethingElse(absolute)) throw notASocket(absolute)
    if (await answers(absolute)) throw unusable(absolute, 'another server listens on it')
    remove(absolute)
    await listenOn(server, absolute).catch((again: Error) => {
      throw unusable(absolute, again.message, again)
    })
  }
  chmodSync(absolute, 0o600)
  server.on('error', (fault) => log.warn({ err: fault }, 'the admin socket failed'))
  return {
    path: absolute,
    stop: () => {
      server.close() // which removes the file
      server.closeAllConnections()
    },
  }
}

function unusable(file: string, why: string, cause?: unknown): ResoundError {
  return new ResoundError('RESOUND_SOCKET_UNUSABLE', `The admin socket ${file}: ${why}.`, { cause })
}

function notASocket(file: string): ResoundError {
  return new ResoundError(
    'RESOUND_CONFIG_INVALID',
    `The admin socket ${file}: there is something else than a socket, and it stays.`,
    { remedy: 'Name another path as admin.socket, or move away what is there.' },
  )
}

const isOfSomethingElse = (file: string): boolean =>
  lstatSync(file, { throwIfNoEntry: false })?.isSocket() === false

/** @throws ResoundError where this user may not */
function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch (cause) {
    throw unusable(file, (cause as Error).message, cause)
  }
}

function listenOn(server: Server, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(0o177) // from its first moment nobody else may open it
    try {
      server.listen(file, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}

/** Whether somebody listens on a socket, as far as can be told: only a refusal says that nobody does. */
function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(file)
    const done = (isThere: boolean): void => {
      probe.destroy()
      resolve(isThere)
    }
    probe.setTimeout(PROBE_MILLISECONDS, () => done(true)) // busy, but there
    probe.once('connect', () => done(true))
    probe.once('error', ({ code }: NodeJS.ErrnoException) =>
      done(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
  })
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  api: AdminApi,
  log: Logger,
): Promise<void> {
  let answered: HttpResponse
  try {
    answered = await answerTo(incoming, api)
  } catch (fault) {
    log.error({ err: fault }, 'a request failed by a fault of ours')
    answered = refusal(500, 'This is a fault of the server; its log says more.')
  }
  const { status, body, headers, contentType = 'application/json', stream } = answered
  response.writeHead(status, { 'Content-Type': contentType, ...headers })
  if (stream === undefined || response.destroyed) {
    response.end(body)
    return
  }
  response.write(body)
  const gone = stream({
    write: (text) => {
      if (response.destroyed || response.writableNeedDrain) return false
      response.write(text)
      return true
    },
    end: () => response.end(),
  })
  response.once('close', gone)
}

async function answerTo(incoming: IncomingMessage, api: AdminApi): Promise<HttpResponse> {
  const [path = '', query = ''] = (incoming.url ?? '').split('?', 2)
  const most = api.bodyBytes(path)
  const body = await bodyOf(incoming, most)
  if (body === undefined) return refusal(413, `The request body is larger than ${most} bytes.`)
  return api.answer({
    method: incoming.method ?? '',
    path,
    query,
    receivedAt: performance.now(),
    body,
    authorization: incoming.headers.authorization ?? '',
    header: (name) => String(incoming.headers[name] ?? ''),
    onGone: (listener) => void incoming.once('close', listener),
  })
}

/** @returns undefined where it is larger than `most` bytes */
async function bodyOf(incoming: IncomingMessage, most: number): Promise<Buffer | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > most) return undefined
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of incoming) {
    size += piece.length
    if (size > most) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/**
 * Opens a WebSocket as a browser does, and says what came back: by HTTP, or in the socket.
 */
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { beginningOf } from './beginning.ts'
import { type ProxyName, proxyOf } from './proxy-name.ts'
import type { WayIn } from './target.ts'

/** What an attempt came to. */
export type Upgrade =
  /** `pusher:connection_established`; the socket stays open, and is the caller's. */
  | {
      readonly kind: 'open'
      readonly socket: WebSocket
      readonly proxy: ProxyName | undefined
    }
  /** `pusher:error`: the server is there, and does not want this client. */
  | {
      readonly kind: 'told'
      readonly code: number
      readonly message: string
      readonly proxy: ProxyName | undefined
    }
  /** A WebSocket, but of somebody else: it says nothing of ours, or closes. */
  | { readonly kind: 'stranger'; readonly said: string }
  /** No WebSocket: an answer by HTTP. */
  | {
      readonly kind: 'http'
      readonly status: number
      /** By its Server header; empty without one. */
      readonly server: string
      readonly proxy: ProxyName | undefined
      readonly location: string | undefined
      /** The first of it. */
      readonly body: string
    }
  /** Nothing at all. */
  | { readonly kind: 'failed'; readonly reason: string; readonly code: string | undefined }

const HANDSHAKE_MILLISECONDS = 5000
const GREETING_MILLISECONDS = 5000
const MESSAGE_BYTES = 1024 * 1024

/** @param ca authorities that are trusted */
export function upgrade(way: WayIn, ca: readonly string[], signal: AbortSignal): Promise<Upgrade> {
  const { url, key, origin } = way
  const address = `${url.replace(/^http/, 'ws')}/app/${encodeURIComponent(key)}?protocol=7&client=resound-diagnose&version=1&flash=false`
  const socket = new WebSocket(address, {
    handshakeTimeout: HANDSHAKE_MILLISECONDS,
    maxPayload: MESSAGE_BYTES,
    ...(origin === undefined ? {} : { origin }),
    ...(way.isTls ? { ca: [...ca], rejectUnauthorized: !way.isOwn } : {}),
  })
  return new Promise((resolve) => {
    const done = (outcome: Upgrade): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      if (outcome.kind !== 'open') socket.terminate()
      resolve(outcome)
    }
    const silent = (): void =>
      done({ kind: 'stranger', said: 'It became a WebSocket, and then nothing was said.' })
    const abort = (): void => done({ kind: 'failed', reason: 'no answer in time', code: undefined })
    let proxy: ProxyName | undefined
    let timer = setTimeout(abort, HANDSHAKE_MILLISECONDS + 1000)
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      done({ kind: 'failed', reason: error.message || String(error.code), code: error.code })
    })
    socket.once('unexpected-response', (_request, response) => {
      void httpAnswer(response).then(done)
    })
    socket.once('open', () => {
      clearTimeout(timer)
      timer = setTimeout(silent, GREETING_MILLISECONDS)
    })
    socket.once('upgrade', (response) => {
      proxy = proxyOf(response)
    })
    socket.once('message', (data) => done(greeting(socket, proxy, String(data))))
    socket.once('close', (code) => {
      done({ kind: 'stranger', said: `It was closed with ${code} before anything was said.` })
    })
  })
}

function greeting(socket: WebSocket, proxy: ProxyName | undefined, text: string): Upgrade {
  const { event, data } = objectIn(text)
  const inside = typeof data === 'string' ? objectIn(data) : Object(data)
  if (event === 'pusher:connection_established') {
    return { kind: 'open', socket, proxy }
  }
  if (event === 'pusher:error') {
    const { code, message } = inside
    return { kind: 'told', code: Number(code), message: String(message), proxy }
  }
  return { kind: 'stranger', said: `It said: ${text.slice(0, 100)}` }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {} // of a stranger
  }
}

async function httpAnswer(response: IncomingMessage): Promise<Upgrade> {
  const body = await beginningOf(response)
  return {
    kind: 'http',
    status: response.statusCode ?? 0,
    server: String(response.headers['server'] ?? ''),
    proxy: proxyOf({ rawHeaders: response.rawHeaders, body }),
    location: response.headers.location,
    body,
  }
}

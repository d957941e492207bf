/**
 * The listening sockets of one address.
 */
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js'
import { ResoundError } from '../errors.ts'
import { loadUWebSockets } from './uws.ts'

/**
 * Listening sockets per address. The kernel's queue of connections not yet accepted holds 512 per
 * socket, so eight of them take a burst of some 4,000 connects without a refusal.
 */
const SOCKETS = 8

export interface Tls {
  readonly cert: string
  readonly key: string
  readonly passphrase?: string | undefined
}

/**
 * An application, with TLS where there is a certificate.
 * @throws ResoundError RESOUND_TLS_INVALID for files that changed since the configuration was read,
 *   or that only OpenSSL accepts: uWebSockets.js has BoringSSL
 */
export function createApp(tls: Tls | undefined): TemplatedApp {
  const uws = loadUWebSockets()
  if (tls === undefined) return uws.App()
  try {
    return uws.SSLApp({
      cert_file_name: tls.cert,
      key_file_name: tls.key,
      ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    })
  } catch (cause) {
    const what = `TLS cannot be set up with ${tls.cert} and ${tls.key}`
    throw new ResoundError('RESOUND_TLS_INVALID', `${what}.`, { cause })
  }
}

export interface Listener {
  readonly port: number
  /** Takes no more connections; those there are go on. */
  close(): void
}

/**
 * Listens on an address that nobody else listens on.
 * @param port 0 takes a free one
 * @throws ResoundError RESOUND_PORT_IN_USE or RESOUND_LISTEN_FAILED
 */
export function listen(app: TemplatedApp, host: string, port: number): Listener {
  const uws = loadUWebSockets()
  // The shared sockets below would join another server's: only an exclusive one tells whether there
  // is one. It also finds the free port, since sockets that name theirs are the ones to be shared,
  // and to be bound again while connections of a server before them are still closing.
  const probe = bind(app, host, port, 'exclusive')
  if (probe === undefined) throw unavailable(app, host, port)
  const bound = uws.us_socket_local_port(probe)
  uws.us_listen_socket_close(probe)
  return join(app, host, bound)
}

/**
 * Finds out whether an address can be listened on, for processes that will share it.
 * @param port 0 finds a free one
 * @throws ResoundError RESOUND_PORT_IN_USE or RESOUND_LISTEN_FAILED
 */
export function freePort(host: string, port: number): number {
  const app = loadUWebSockets().App()
  try {
    const probe = bind(app, host, port, 'exclusive')
    if (probe === undefined) throw unavailable(app, host, port)
    const found = loadUWebSockets().us_socket_local_port(probe)
    loadUWebSockets().us_listen_socket_close(probe)
    return found
  } finally {
    app.close()
  }
}

/**
 * Listens beside other processes of ours on the same address: the kernel spreads connections over all.
 * @throws ResoundError RESOUND_PORT_IN_USE or RESOUND_LISTEN_FAILED
 */
export function join(app: TemplatedApp, host: string, port: number): Listener {
  const uws = loadUWebSockets()
  const first = bind(app, host, port, 'shared')
  if (first === undefined) throw unavailable(app, host, port)
  const sockets = [first]
  while (sockets.length < SOCKETS) {
    const socket = bind(app, host, port, 'shared')
    if (socket === undefined) break // a system without SO_REUSEPORT: one queue has to do
    sockets.push(socket)
  }
  return {
    port,
    close: () => {
      for (const socket of sockets.splice(0)) uws.us_listen_socket_close(socket)
    },
  }
}

/** `listen` also takes host, port and options together, which its declarations leave out. */
interface ListensOnHost {
  listen(
    host: string,
    port: number,
    options: number,
    bound: (socket: us_listen_socket | false) => void,
  ): unknown
}

/** LIBUS_LISTEN_EXCLUSIVE_PORT */
const EXCLUSIVE = 1

function bind(
  app: TemplatedApp,
  host: string,
  port: number,
  mode: 'exclusive' | 'shared',
): us_listen_socket | undefined {
  let socket: us_listen_socket | undefined
  const bound = (given: us_listen_socket | false): void => {
    socket = given === false ? undefined : given
  }
  if (mode === 'shared') app.listen(host, port, bound)
  else (app as unknown as ListensOnHost).listen(host, port, EXCLUSIVE, bound)
  return socket
}

/** Tells a taken port from a host that is not ours: another port of it can be had. */
function unavailable(app: TemplatedApp, host: string, port: number): ResoundError {
  const elsewhere = bind(app, host, 0, 'exclusive')
  if (elsewhere === undefined) {
    return new ResoundError('RESOUND_LISTEN_FAILED', `Cannot listen on ${host}:${port}.`)
  }
  loadUWebSockets().us_listen_socket_close(elsewhere)
  return new ResoundError('RESOUND_PORT_IN_USE', `Port ${port} on ${host} is taken or not allowed.`)
}

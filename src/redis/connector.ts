/**
 * Where ioredis gets its sockets from: on every attempt the address of that moment, and the TLS files
 * as they are then, so that a certificate can be replaced.
 *
 * Its own connector to Sentinels believes the first one that answers, retries without a bound on the
 * attempt, and cannot be stopped while none answers.
 */
import { readFileSync } from 'node:fs'
import { createConnection, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { RedisOptions } from 'ioredis'
import { requireRedis } from './ioredis.ts'
import type { Location } from './location.ts'
import type { RedisAddress, RedisTls } from './target.ts'

export interface ConnectorOptions {
  /** Asked for each client; given the address that its options name. */
  readonly location: (named: RedisAddress) => Location
  /** Undefined without TLS. */
  readonly tls: RedisTls | undefined
  /** Whether only a master will do; with a ready check, that is what INFO says. */
  readonly isMasterWanted: boolean
  /** Whether a connection is ended when the location has moved; otherwise its owner sees to it. */
  readonly isWatched: boolean
}

const WATCH_INTERVAL_MS = 5000
const DISCONNECT_TIMEOUT_MS = 2000

export function connectorTo(options: ConnectorOptions): NonNullable<RedisOptions['Connector']> {
  const { tls, isMasterWanted, isWatched } = options
  const { AbstractConnector } = requireRedis()
  return class extends AbstractConnector {
    readonly #location: Location
    #asking = new AbortController()

    constructor(clientOptions: unknown) {
      const { host, port, disconnectTimeout } = membersOf(clientOptions)
      super(typeof disconnectTimeout === 'number' ? disconnectTimeout : DISCONNECT_TIMEOUT_MS)
      this.#location = options.location({ host: String(host), port: Number(port) })
    }

    override async connect(): Promise<Socket> {
      this.connecting = true
      this.#asking = new AbortController()
      const { signal } = this.#asking
      try {
        const address = await this.#location.next(signal)
        signal.throwIfAborted()
        this.stream =
          tls === undefined
            ? createConnection(address)
            : connectTls({ ...address, ...tlsFiles(tls) })
        if (isWatched) this.#watch(this.stream, signal)
      } catch (error) {
        signal.throwIfAborted()
        this.firstError = error instanceof Error ? error : new Error(String(error))
        this.stream = new Socket().destroy() // ioredis tries again after a socket that failed
      }
      this.stream.once('error', (error) => {
        this.firstError = error
      })
      return this.stream
    }

    override disconnect(): void {
      this.#asking.abort(new Error('Connection is closed.'))
      super.disconnect()
    }

    override check({ role }: { role?: unknown }): boolean {
      return !isMasterWanted || role === undefined || role === 'master'
    }

    #watch(stream: Socket, signal: AbortSignal): void {
      if (this.#location.hasMoved === undefined) return
      const timer = setInterval(() => {
        void this.#location.hasMoved?.(signal).then((hasMoved) => {
          if (hasMoved) stream.destroy(new Error('Redis is elsewhere now'))
        })
      }, WATCH_INTERVAL_MS)
      timer.unref()
      stream.once('close', () => clearInterval(timer))
    }
  }
}

/** @throws Error when one cannot be read */
export function tlsFiles({ ca, cert, key }: RedisTls): {
  ca?: Buffer
  cert?: Buffer
  key?: Buffer
} {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
  }
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

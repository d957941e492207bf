/** Publishes over the HTTP API, signed as the server SDKs do (Pusher HTTP API, "Authentication"). */
import { hash } from 'node:crypto'
import { Client, type Dispatcher } from 'undici'
import { Secret } from '../../channels/secret.ts'
import { EVENT, type Publication, type Published, type Publisher } from './publisher.ts'
import { authorityOf, type Target, trustOf } from './target.ts'

const ANSWER_MILLISECONDS = 10_000
const SAMPLE_BYTES = 300

export interface HttpOptions {
  /** Most requests at a time, each on a connection of its own that is kept open. */
  readonly connections: number
  /** Events in one request are sent as a batch. */
  readonly isBatch: boolean
  /** Each request on a new connection. */
  readonly isFresh: boolean
}

export class HttpPublisher implements Publisher {
  readonly #options: HttpOptions
  readonly #targets: readonly Target[]
  readonly #origins: readonly string[]
  readonly #signers: readonly Signer[]
  readonly #idle: Client[][]
  readonly #clients: Client[] = []
  #turn = 0

  /** @param targets nodes of one server, which take turns */
  constructor(targets: readonly Target[], options: HttpOptions) {
    this.#options = options
    this.#targets = targets
    this.#origins = targets.map(
      (target) => `${target.isSecure ? 'https' : 'http'}://${authorityOf(target)}`,
    )
    const resource = options.isBatch ? 'batch_events' : 'events'
    this.#signers = targets.map((target) => new Signer(target, resource))
    this.#idle = targets.map(() => [])
  }

  get isFree(): boolean {
    const idle = this.#idle[this.#node]
    return this.#clients.length < this.#options.connections || (idle?.length ?? 0) > 0
  }

  /** Whose turn it is. Not in step with the channels, or events would never leave their node. */
  get #node(): number {
    const nodes = this.#targets.length
    return Math.floor(this.#turn / nodes) % nodes
  }

  publish(publications: readonly Publication[], published: Published): void {
    const node = this.#node
    this.#turn += 1
    const client = this.#idle[node]?.pop() ?? this.#open(node)
    const body = this.#options.isBatch ? batchOf(publications) : eventOf(publications)
    const answered: Published = (failure) => {
      this.#idle[node]?.push(client)
      published(failure)
    }
    client.dispatch(
      {
        method: 'POST',
        path: this.#signers[node]?.sign(body) ?? '',
        headers: JSON_HEADERS,
        body,
        reset: this.#options.isFresh,
      },
      new Answer(answered),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.destroy()))
  }

  #open(node: number): Client {
    const client = new Client(this.#origins[node] ?? '', {
      pipelining: 1,
      headersTimeout: ANSWER_MILLISECONDS,
      bodyTimeout: ANSWER_MILLISECONDS,
      connectTimeout: ANSWER_MILLISECONDS,
      connect: trustOf(this.#targets[node] ?? {}),
    })
    this.#clients.push(client)
    return client
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' }

/** Signs POSTs to one resource of an app. */
class Signer {
  /** A proxy's prefix is in front of the path, and not signed. */
  readonly #prefix: string
  readonly #path: string
  readonly #key: string
  readonly #secret: Secret

  constructor({ pathPrefix, appId, key, secret }: Target, resource: string) {
    this.#prefix = pathPrefix
    this.#path = `/apps/${encodeURIComponent(appId)}/${resource}`
    this.#key = encodeURIComponent(key)
    this.#secret = new Secret(secret)
  }

  /** @returns the path with its query */
  sign(body: string): string {
    const seconds = Math.floor(Date.now() / 1000)
    const query = `auth_key=${this.#key}&auth_timestamp=${seconds}&auth_version=1.0&body_md5=${hash('md5', body)}`
    const signature = this.#secret.sign(`POST\n${this.#path}\n${query}`)
    return `${this.#prefix}${this.#path}?${query}&auth_signature=${signature}`
  }
}

/** What comes of one request. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #published: Published
  #status = 0
  #said = ''

  constructor(published: Published) {
    this.#published = published
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#status !== 200 && this.#said.length < SAMPLE_BYTES) this.#said += chunk.toString()
  }

  onResponseEnd(): void {
    if (this.#status === 200) this.#published()
    else this.#published({ kind: `HTTP ${this.#status}`, sample: this.#said })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const kind = 'code' in error && typeof error.code === 'string' ? error.code : error.name
    this.#published({ kind: `publish ${kind}`, sample: error.message })
  }
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join()

function eventOf([publication]: readonly Publication[]): string {
  if (publication === undefined) throw new TypeError('there is nothing to publish')
  const { channels, data } = publication
  return `{"name":"${EVENT}","channels":[${quoted(channels)}],"data":${JSON.stringify(data)}}`
}

/** A batch names one channel per event. */
function batchOf(publications: readonly Publication[]): string {
  const events = publications.flatMap(({ channels, data }) =>
    channels.map(
      (channel) => `{"name":"${EVENT}","channel":"${channel}","data":${JSON.stringify(data)}}`,
    ),
  )
  return `{"batch":[${events.join()}]}`
}

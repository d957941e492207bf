/** Publishes over the HTTP API, signed as the server SDKs do (Pusher HTTP API, "Authentication"). */
import { Client, type Dispatcher } from 'undici'
import { Secret } from '../../channels/secret.ts'
import { appPath, type Signer, signedPath } from '../protocol/signed-path.ts'
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
  readonly #resources: readonly Resource[]
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
    this.#resources = targets.map((target) => new Resource(target, resource))
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
        path: this.#resources[node]?.sign(body) ?? '',
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

/** One resource of an app, which is posted to. */
class Resource {
  readonly #prefix: string
  readonly #path: string
  readonly #as: Signer

  constructor({ pathPrefix, appId, key, secret }: Target, resource: string) {
    this.#prefix = pathPrefix
    this.#path = appPath(appId, resource)
    this.#as = { key, secret: new Secret(secret) }
  }

  /** @returns the path with its query */
  sign(body: string): string {
    return `${this.#prefix}${signedPath('POST', this.#path, body, this.#as)}`
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

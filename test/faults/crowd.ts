/** Clients as there are many of them: they listen, are present, come and go, and write down what they see. */
import { nodeBuild } from '../support/pusher.ts'
import { seeded } from '../support/seeded.ts'
import { APP } from '../support/server.ts'
import { Client, type CrowdOptions, type Place } from './client.ts'
import type { Listening, Stay } from './recording.ts'

const NUMBER = /\\"n\\":(\d+)/

class Listener extends Client {
  readonly #channel: string
  #listening: Listening | undefined

  constructor(crowd: CrowdOptions, name: string, home: number, channel: string) {
    super(crowd, name, home)
    this.#channel = channel
  }

  protected established(): void {
    this.subscribe(this.#channel)
  }

  protected received(event: string, text: string): void {
    if (event === 'pusher_internal:subscription_succeeded') {
      this.#listening = this.crowd.recording.listens(this.name, this.node, this.#channel)
    }
    const number = NUMBER.exec(text)?.[1]
    if (number === undefined) return
    this.#listening?.heard.push(Number(number))
    this.#listening?.heardAt.push(performance.now())
  }

  protected gone(): void {
    if (this.#listening !== undefined) this.#listening.until = performance.now()
    this.#listening = undefined
  }
}

class Present extends Client {
  readonly #userId: string
  readonly #channel: string
  protected stay: Stay | undefined

  constructor(crowd: CrowdOptions, name: string, home: number, userId: string, channel: string) {
    super(crowd, name, home)
    this.#userId = userId
    this.#channel = channel
  }

  protected established(): void {
    this.enter()
  }

  protected enter(): void {
    this.stay = this.crowd.recording.asksToEnter(this.#userId, this.node, this.#channel)
    this.subscribe(this.#channel, this.#userId)
  }

  /** Unsubscribes. */
  protected leave(): void {
    this.send('pusher:unsubscribe', { channel: this.#channel })
    this.left(true)
  }

  protected left(isGoodbye: boolean): void {
    const { stay } = this
    this.stay = undefined
    if (stay === undefined) return
    stay.leftAt = performance.now()
    stay.isGoodbye = isGoodbye
  }

  protected received(event: string, text: string): void {
    const { stay } = this
    if (stay === undefined) return // what comes after it has left is for nobody
    const at = performance.now()
    if (event === 'pusher_internal:subscription_succeeded') {
      stay.enteredAt = at
      stay.told.push({ at, what: 'roster', userIds: rosterIn(text) })
      this.entered()
    } else if (stay.enteredAt !== undefined && event.startsWith('pusher_internal:member_')) {
      // what comes before the answer belongs to an earlier subscription
      const userId = /\\"user_id\\":\\"([^"\\]+)\\"/.exec(text)?.[1] ?? ''
      const what = event === 'pusher_internal:member_added' ? 'added' : 'removed'
      stay.told.push({ at, what, userIds: [userId] })
    }
  }

  protected entered(): void {}

  protected gone(): void {
    this.left(false)
  }
}

/** Stays for a moment, goes, and comes back: with a goodbye, or without, on the same connection or another. */
class Visitor extends Present {
  readonly #random: (below: number) => number
  #timer: NodeJS.Timeout | undefined

  constructor(
    crowd: CrowdOptions,
    name: string,
    home: number,
    userId: string,
    channel: string,
    random: (below: number) => number,
  ) {
    super(crowd, name, home, userId, channel)
    this.#random = random
  }

  protected override entered(): void {
    this.#after(300 + this.#random(3000), () => this.#go())
  }

  protected override gone(): void {
    clearTimeout(this.#timer)
    super.gone()
  }

  override end(): void {
    clearTimeout(this.#timer)
    super.end()
  }

  #go(): void {
    switch (this.#random(8)) {
      case 0:
        this.left(false)
        this.drop()
        return
      case 1:
        this.left(true)
        this.drop(1000)
        return
      default:
        this.leave()
        this.#after(200 + this.#random(2500), () => this.enter())
    }
  }

  #after(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, milliseconds)
  }
}

function rosterIn(text: string): readonly string[] {
  const { data }: { data: string } = JSON.parse(text)
  const { presence }: { presence: { ids: readonly string[] } } = JSON.parse(data)
  return presence.ids
}

/** A page with Pusher's own library. */
class Page {
  readonly #pusher: InstanceType<typeof nodeBuild>

  constructor({ recording }: CrowdOptions, name: string, { index, port }: Place, channel: string) {
    const pusher = new nodeBuild(APP.key, {
      cluster: '',
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
    })
    let listening: Listening | undefined
    const gone = (): void => {
      if (listening !== undefined) listening.until = performance.now()
      listening = undefined
    }
    // Before a pause its state is still that of a connection.
    pusher.connection.bind('connecting_in', gone)
    pusher.connection.bind('state_change', ({ previous }: { previous: string }) => {
      if (previous === 'connected') gone()
    })
    const subscribed = pusher.subscribe(channel)
    subscribed.bind('pusher:subscription_succeeded', () => {
      listening = recording.listens(name, index, channel)
    })
    subscribed.bind('numbered', ({ n }: { n: number }) => {
      listening?.heard.push(n)
      listening?.heardAt.push(performance.now())
    })
    this.#pusher = pusher
  }

  end(): void {
    this.#pusher.disconnect()
  }
}

/** What those who are there are in. */
export const channelOf = (index: number): string => `events-${index}`
const roomOf = (index: number): string => `presence-room-${index}`

/** Lets a crowd loose. Disposing of it sends everybody home. */
export function gather(crowd: CrowdOptions): Disposable {
  const { places, channels, rooms } = crowd
  const random = seeded(crowd.seed)
  const clients: Client[] = []
  // Round by round through the nodes, and then to the next channel: every channel is on every node.
  const channelFor = (index: number) => channelOf(Math.floor(index / places.length) % channels)
  const roomFor = (index: number) => roomOf(Math.floor(index / places.length) % rooms)
  for (let i = 0; i < crowd.listeners; i += 1) {
    clients.push(new Listener(crowd, `listener-${i}`, i, channelFor(i)))
  }
  for (let i = 0; i < crowd.residents; i += 1) {
    clients.push(new Present(crowd, `resident-${i}`, i, `resident-${i}`, roomFor(i)))
  }
  for (let i = 0; i < crowd.visitors; i += 1) {
    // Some are the same user on two nodes.
    const userId = `visitor-${i % Math.ceil((2 * crowd.visitors) / 3)}`
    const room = roomOf((i % Math.ceil((2 * crowd.visitors) / 3)) % rooms)
    const own = seeded(1 + random(1_000_000))
    clients.push(new Visitor(crowd, `visitor-${i}`, i, userId, room, own))
  }
  const { dialsPerSecond = Infinity } = crowd
  const arrivals = clients.map((client, index) =>
    setTimeout(() => client.dial(), (1000 * index) / dialsPerSecond),
  )
  const pages = Array.from({ length: crowd.pages }, (_, i) => {
    const place = places[i % places.length]
    if (place === undefined) throw new Error('a crowd has a place to be')
    return new Page(crowd, `page-${i}`, place, channelFor(i))
  })
  return {
    [Symbol.dispose]() {
      for (const arrival of arrivals) clearTimeout(arrival)
      for (const client of clients) client.end()
      for (const page of pages) page.end()
    },
  }
}

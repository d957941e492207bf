/**
 * What happened, as it was seen from outside: by whoever published, by every client and by whoever asked
 * how the nodes were. Nobody judges here. Times are milliseconds of `performance.now()`.
 */

/** One event that was published over HTTP. */
export interface Published {
  readonly number: number
  readonly node: number
  readonly channel: string
  readonly sentAt: number
  answeredAt: number | undefined
  /** 0 where the request failed without an answer. */
  status: number | undefined
  /** Why it did. */
  failure?: string
}

/** One connection of a client that listens to a channel, from its subscription on. */
export interface Listening {
  readonly client: string
  readonly node: number
  readonly channel: string
  readonly since: number
  until: number | undefined
  /** The numbers of the events that came, in order, and when each did. */
  readonly heard: number[]
  readonly heardAt: number[]
}

/** What a client is told of a presence channel. */
export interface Told {
  readonly at: number
  readonly what: 'roster' | 'added' | 'removed'
  readonly userIds: readonly string[]
}

/** One subscription of a user to a presence channel, and what it was told. */
export interface Stay {
  readonly userId: string
  readonly channel: string
  readonly node: number
  readonly askedAt: number
  enteredAt: number | undefined
  leftAt: number | undefined
  /** Whether the user has unsubscribed, or closed with a goodbye. */
  isGoodbye: boolean
  readonly told: Told[]
}

/** A connection that is over, or one that was not made. */
export interface Ended {
  readonly client: string
  readonly node: number
  readonly at: number
  /** The close code; 0 where the dial was refused. */
  readonly code: number
  readonly wasEstablished: boolean
  /** Of the socket; empty without one. */
  readonly error: string
}

/** One question to `/ready`. */
export interface Asked {
  readonly node: number
  readonly at: number
  /** 0 without an answer. */
  readonly status: number
}

export class Recording {
  readonly published: Published[] = []
  readonly listening: Listening[] = []
  readonly stays: Stay[] = []
  readonly ended: Ended[] = []
  readonly asked: Asked[] = []
  #numbers = 0

  publishing(node: number, channel: string): Published {
    this.#numbers += 1
    const published: Published = {
      number: this.#numbers,
      node,
      channel,
      sentAt: performance.now(),
      answeredAt: undefined,
      status: undefined,
    }
    this.published.push(published)
    return published
  }

  listens(client: string, node: number, channel: string): Listening {
    const listening: Listening = {
      client,
      node,
      channel,
      since: performance.now(),
      until: undefined,
      heard: [],
      heardAt: [],
    }
    this.listening.push(listening)
    return listening
  }

  asksToEnter(userId: string, node: number, channel: string): Stay {
    const stay: Stay = {
      userId,
      channel,
      node,
      askedAt: performance.now(),
      enteredAt: undefined,
      leftAt: undefined,
      isGoodbye: false,
      told: [],
    }
    this.stays.push(stay)
    return stay
  }
}

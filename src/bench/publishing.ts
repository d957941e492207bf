/** The phase in which events are published, and every delivery is looked at. */
import type { Crew, Sent } from './crew.ts'
import type { Fleet, Listener } from './fleet.ts'
import type { Stream } from './ledger.ts'
import { Measure, type Measured } from './measure.ts'
import { Pacer } from './pacer.ts'
import type { Publication, Publisher } from './publisher.ts'
import { quiet } from './quiet.ts'
import type { Channels } from './shape.ts'
import { stampedData } from './stamp.ts'

/** No delivery for so long: the rest is lost. */
const DRAIN_MILLISECONDS = 3000
/** The same after an interruption. */
const SHORT_DRAIN_MILLISECONDS = 300

export interface Publishing {
  readonly fleet: Fleet
  readonly channels: Channels
  /** Undefined where another thread publishes in these channels. */
  readonly publisher: Publisher | undefined
  readonly signal: AbortSignal
  readonly crew: Crew
  /** Events per second; 0 for as fast as deliveries come. */
  readonly rate: number
  /** Deliveries that may be under way where there is no rate. */
  readonly inFlight: number
  /** Events in all. */
  readonly count: number
  readonly seconds: number
  readonly eventsPerRequest: number
  readonly payloadBytes: number
}

interface Numbered {
  readonly stream: Stream
  readonly number: number
}

/** Publishes until it is over. @returns what has come of it: operations are events */
export async function publish(publishing: Publishing): Promise<Measured> {
  const { crew, channels, publisher } = publishing
  const told = await crew.meet(publisher && sentIn(channels))
  const before = publisher === undefined ? toldOf(channels, told) : []
  for (const [index, stream] of channels.streams.entries()) stream.begin(before[index]?.sent)
  const run = new Run(publishing)
  await crew.meet() // everybody listens now: nobody misses the first
  return run.end()
}

const sentIn = ({ name, streams }: Channels): Sent => ({
  name,
  streams: streams.map(({ published }) => published),
})

const toldOf = ({ name }: Channels, told: readonly Sent[]): Sent['streams'] =>
  told.find((sent) => sent.name === name)?.streams ?? []

class Run {
  readonly measure = new Measure()
  readonly #publishing: Publishing
  #wake: () => void = () => {}
  #turn = 0
  #events = 0
  #expected = 0
  /** Requests that are not answered yet. */
  #unanswered = 0

  constructor(publishing: Publishing) {
    this.#publishing = publishing
    const { measure } = this
    const { fleet, channels } = publishing
    const listener: Listener = {
      measure,
      delivered: (peer, stamp) => {
        const stream = channels.streams[stamp.stream]
        if (stream?.heard(peer.index, stamp.number) === true) measure.happen(stamp.dueMicroseconds)
        this.#wake()
      },
      answered: () => this.#wake(),
    }
    fleet.listen(listener)
  }

  async end(): Promise<Measured> {
    const { channels, crew, publisher } = this.#publishing
    if (publisher === undefined) {
      const told = toldOf(channels, await crew.meet())
      for (const [index, stream] of channels.streams.entries()) {
        this.#expected += stream.learn(told[index] ?? stream.published)
      }
      await this.#quiet()
      return this.#measured()
    }
    await this.#publishAll(publisher)
    await this.#quiet()
    const measured = this.#measured() // to wait for others is no rest that it had meanwhile
    await crew.meet(sentIn(channels))
    return measured
  }

  #measured(): Measured {
    const accounts = this.#publishing.channels.streams.map((stream) => stream.account())
    return this.measure.end({
      operations: this.#events,
      expected: this.#expected,
      missed: accounts.reduce((sum, { missed }) => sum + missed, 0),
      doubled: accounts.reduce((sum, { doubled }) => sum + doubled, 0),
    })
  }

  async #publishAll(publisher: Publisher): Promise<void> {
    const { rate, count, seconds, signal, eventsPerRequest } = this.#publishing
    if (signal.aborted) return
    const { self } = this.measure
    const pacer = new Pacer(
      { rate: rate / eventsPerRequest, count: Math.ceil(count / eventsPerRequest), seconds },
      { act: (due) => this.#publish(publisher, due), self, signal },
    )
    this.#wake = () => pacer.wake()
    await pacer.run()
  }

  #quiet(): Promise<void> {
    const { measure } = this
    return quiet(
      () => measure.happened >= this.#expected && this.#unanswered === 0,
      () => measure.happened - this.#unanswered,
      this.#publishing.signal.aborted ? SHORT_DRAIN_MILLISECONDS : DRAIN_MILLISECONDS,
    )
  }

  // hot path: once per request (test/bench, sat-1).
  #publish(publisher: Publisher, due: number): boolean {
    const { rate, inFlight, eventsPerRequest } = this.#publishing
    if (!publisher.isFree) return false
    if (rate === 0 && this.#expected - this.measure.happened >= inFlight) return false
    const publications: Publication[] = []
    const numbered: Numbered[] = []
    for (let i = 0; i < eventsPerRequest; i += 1) this.#next(publisher, due, publications, numbered)
    this.#unanswered += 1
    publisher.publish(publications, (failure) => {
      this.#unanswered -= 1
      if (failure !== undefined) this.#failed(failure, numbered)
      this.#wake()
    })
    return true
  }

  #next(
    { sender }: Publisher,
    due: number,
    publications: Publication[],
    numbered: Numbered[],
  ): void {
    const { channels, payloadBytes } = this.#publishing
    const index = sender?.stream ?? this.#turn++ % channels.streams.length
    const stream = channels.streams[index]
    if (stream === undefined) throw new RangeError(`there is no stream ${index}`)
    const number = stream.next(sender?.connection)
    this.#expected += stream.size - (sender === undefined ? 0 : 1)
    this.#events += 1
    publications.push({
      channels: channels.namesOf(index),
      data: stampedData(index, number, due, payloadBytes),
    })
    numbered.push({ stream, number })
  }

  #failed(failure: { kind: string; sample: string }, numbered: readonly Numbered[]): void {
    this.measure.errors.add(failure.kind, failure.sample)
    for (const { stream, number } of numbered) this.#expected -= stream.doubt(number)
  }
}

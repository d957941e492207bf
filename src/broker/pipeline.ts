/**
 * Operations on their way to Redis: gathered for one turn of the event loop, sent in their order, and
 * each answered to who asked for it.
 *
 * It is open while an incarnation of this node takes part in the shard. What goes wrong it tells; what
 * follows from that is for the shard to say.
 */
import type { Operation } from './operations.ts'
import { type Incarnation, isUnknownScript, type Refused, type Store } from './store.ts'

/** Asks Redis for an operation. @param done is called with its answer, unless Redis is lost before */
export type Enqueue = (operation: () => Operation, done: (answer: unknown) => void) => void

export interface PipelineParts {
  readonly store: Store
  readonly refused: (reason: Refused) => void
  /** @param fault undefined where Redis has begun anew */
  readonly lost: (fault: unknown) => void
}

interface Item {
  readonly operation: () => Operation
  readonly done: (answer: unknown) => void
}

interface Sent {
  readonly operation: Operation
  readonly done: (answer: unknown) => void
}

/** More wait until one is answered, so that a Redis that is slow is not buried. */
const CALLS_UNDER_WAY = 8

/** Of one call; each is a few microseconds of Redis. */
const OPERATIONS_AT_ONCE = 200
/** User infos are at most `limits.presenceMemberBytes`; a call may hold one more than this, in UTF-16 units. */
const CALL_LENGTH = 512 * 1024

const LOOK_AT_NOTHING = { type: 'look', appId: '', channel: '' } as const

export class Pipeline {
  readonly #parts: PipelineParts
  #isOpen = false
  /** Whose answers are waited for. */
  #incarnation: Incarnation | undefined
  #queue: Item[] = []
  /** Who waits for what is asked for by now. */
  readonly #awaiting = new Set<() => void>()
  #isScheduled = false
  /** Calls that have not been answered. */
  #underWay = 0
  /** Whether Redis has had the script of this incarnation's operations. */
  #isScriptKnown = false
  /** How many operations have been sent, ever. */
  #sent = 0

  constructor(parts: PipelineParts) {
    this.#parts = parts
  }

  get sent(): number {
    return this.#sent
  }

  /** Whether nothing waits to be sent, and nothing to be answered. */
  get isQuiet(): boolean {
    return this.#queue.length === 0 && this.#underWay === 0
  }

  /** Takes operations, of this incarnation. */
  open(incarnation: Incarnation): void {
    this.#incarnation = incarnation
    this.#isScriptKnown = false
    this.#isOpen = true
  }

  /** Takes no more; what has been sent is still answered. */
  close(): void {
    this.#isOpen = false
  }

  /** Takes no more, and nothing that was asked for is answered. */
  drop(): void {
    this.#isOpen = false
    this.#incarnation = undefined
    this.#queue = []
    for (const resolve of this.#awaiting) resolve()
    this.#awaiting.clear()
  }

  /** Asks Redis for an operation, with all others of this turn of the event loop. Nothing while it is closed. */
  enqueue(operation: () => Operation, done: (answer: unknown) => void): void {
    if (!this.#isOpen) return
    this.#queue.push({ operation, done })
    this.#schedule()
  }

  /** Resolves when all that was asked for by now is done, or is not going to be. */
  emptied(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve()
    return new Promise((resolve) => {
      this.#awaiting.add(resolve)
      this.enqueue(
        () => LOOK_AT_NOTHING,
        () => {
          this.#awaiting.delete(resolve)
          resolve()
        },
      )
    })
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#sendQueue()
    })
  }

  /** Sends what is queued. Calls follow each other without waiting: Redis does them in order. */
  #sendQueue(): void {
    const incarnation = this.#incarnation
    if (incarnation === undefined || !this.#isOpen) return
    const most = this.#isScriptKnown ? CALLS_UNDER_WAY : 1
    while (this.#queue.length > 0 && this.#underWay < most) {
      this.#underWay += 1
      void this.#send(incarnation, this.#take()).then(() => {
        this.#underWay -= 1
        if (this.#queue.length > 0) this.#sendQueue()
      })
    }
  }

  /** Never rejects: what goes wrong loses Redis. */
  async #send(incarnation: Incarnation, items: readonly Sent[]): Promise<void> {
    const { store, refused, lost } = this.#parts
    this.#sent += items.length
    const operations = items.map(({ operation }) => operation)
    const isKnown = this.#isScriptKnown
    try {
      const answers = await store.apply(incarnation, operations, isKnown)
      if (this.#incarnation !== incarnation) return // lost meanwhile
      if (answers === 'lease' || answers === 'gen') {
        refused(answers)
        return
      }
      this.#isScriptKnown = true
      for (const [index, { done }] of items.entries()) done(answers[index])
    } catch (fault) {
      if (this.#incarnation !== incarnation) return
      lost(isUnknownScript(fault) ? undefined : fault)
    }
  }

  #take(): Sent[] {
    const items: Sent[] = []
    let length = 0
    for (const { operation: make, done } of this.#queue) {
      if (items.length === OPERATIONS_AT_ONCE || length > CALL_LENGTH) break
      const operation = make()
      if (operation.type === 'enter') length += operation.member.userInfo.length
      items.push({ operation, done })
    }
    this.#queue.splice(0, items.length)
    return items
  }
}

/** A group under load that does not stop, on which faults are tried one after the other. */
import { setTimeout as passed } from 'node:timers/promises'
import { seeded } from '../support/seeded.ts'
import { gather } from './crowd.ts'
import { befallen, type Fault } from './faults.ts'
import { Group } from './group.ts'
import { Press } from './press.ts'
import { Recording } from './recording.ts'
import { overlaps } from './spans.ts'
import type { Effect, Trouble } from './verdict.ts'

const EVENTS_PER_SECOND = 300
const CHANNELS = 18
const CROWD = {
  listeners: 180,
  pages: 6,
  channels: CHANNELS,
  residents: 12,
  visitors: 24,
  rooms: 2,
}

/** From the start of the load until everybody is where they are to be. */
const WARM_UP_MS = 3000
/** After the last repair, for what is still on its way. */
const AFTER_MS = 3000
/** A dead node's members are gone by then. */
const DEATH_MS = 15_000

/** What befell the group, and when. */
export interface Ordeal {
  readonly faults: readonly Fault[]
  readonly trouble: Trouble
  /** Whether every process that was there before is there afterwards. */
  readonly isSameProcesses: boolean
}

export class Scene implements AsyncDisposable {
  readonly group: Group
  readonly recording: Recording
  readonly seed: number
  readonly #random: (below: number) => number
  readonly #crowd: Disposable
  readonly #press: Press
  #ended: Promise<void> | undefined

  private constructor(group: Group, seed: number) {
    this.group = group
    this.seed = seed
    this.#random = seeded(seed)
    this.recording = new Recording()
    const places = group.nodes
    const { recording } = this
    this.#crowd = gather({ ...CROWD, places, recording, seed })
    this.#press = new Press({
      places,
      recording,
      eventsPerSecond: EVENTS_PER_SECOND,
      channels: CHANNELS,
    })
  }

  static async set(seed: number): Promise<Scene> {
    const scene = new Scene(await Group.start(), seed)
    await passed(WARM_UP_MS)
    return scene
  }

  /** Lets faults befall the group together. Resolves when all has to be over. */
  async suffer(faults: readonly Fault[]): Promise<Ordeal> {
    const { group } = this
    const first = this.#random(group.nodes.length)
    const pids = group.pids
    const from = performance.now()
    const effects: Effect[] = []
    const befall = async (fault: Fault, index: number): Promise<void> => {
      await passed(index * (300 + this.#random(900)))
      const began = performance.now()
      await fault.begin(group, first + index)
      await passed(1000 * fault.seconds)
      await fault.end(group, first + index)
      const ended = performance.now()
      const repaired = ended + 1000 * fault.repairSeconds
      // Who was on a dead node may be seen for a while, also when it is back sooner.
      const to = fault.kind === 'node' ? Math.max(repaired, began + DEATH_MS) : repaired
      for (const node of befallen(fault, first + index)) {
        effects.push({ ...fault.cost, node, from: began, to })
      }
    }
    await Promise.all(faults.map(befall))
    const to = performance.now()
    const until = Math.max(...effects.map((effect) => effect.to)) + AFTER_MS
    await passed(until - to)
    const trouble = { from, to, until: until - CLOSING_MS, effects: together(effects) }
    return { faults, trouble, isSameProcesses: String(pids) === String(group.pids) }
  }

  /** Ends the load: what is recorded is complete. */
  async end(): Promise<void> {
    this.#ended ??= (async () => {
      this.#crowd[Symbol.dispose]()
      await this.#press[Symbol.asyncDispose]()
    })()
    await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    await this.group[Symbol.asyncDispose]()
  }
}

/** What has been sent in the last second may still be on its way. */
const CLOSING_MS = 1000

/**
 * A subscription that one fault ends takes with it what another has held up until then, and cannot be made
 * again before that is over.
 */
function together(effects: readonly Effect[]): readonly Effect[] {
  return effects.map((effect) => {
    if (!effect.misses) return effect
    const all = effects.filter(
      (other) => other.node === effect.node && other.fails && overlaps(other, effect),
    )
    const from = Math.min(effect.from, ...all.map((other) => other.from))
    return { ...effect, from, to: Math.max(effect.to, ...all.map(({ to }) => to)) }
  })
}

/** What can befall a group, each with how it begins and ends and what it may cost. */
import type { Group } from './group.ts'
import { NODES } from './group.ts'
import type { Effect } from './verdict.ts'

type Cost = Pick<Effect, 'fails' | 'misses' | 'presence'>

export interface Fault {
  readonly name: string
  /** Faults of one kind are not tried together. */
  readonly kind: 'redis' | 'command' | 'node' | 'link'
  /** From its begin to its end; 0 where it is over at once. */
  readonly seconds: number
  /** Whether a process ends. */
  readonly ends?: true
  /** Whether `/ready` has to say so. */
  readonly isNoticed: boolean
  readonly begin: (group: Group, node: number) => Promise<void> | void
  readonly end: (group: Group, node: number) => Promise<void> | void
  readonly cost: Cost
  /** Where everything is right again, in seconds after the end: three by the promise. */
  readonly repairSeconds: number
  /** Whether it befalls one node, or all. */
  readonly isOfOneNode: boolean
}

/** Redis is away: it says so, freezes, and may have missed what came meanwhile. */
const AWAY: Cost = { fails: true, misses: true, presence: 'frozen' }
const REPAIRED = 3
/** It has what was sent to it meanwhile to deal with, and then registers again. */
const CAUGHT_UP = 6
/** As long as a subscription may be silent until its node notices: two echoes and a half. */
const NOTICED = 15

const nothing = (): void => {}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a node is killed',
    kind: 'node',
    seconds: 12, // which is longer than a lease
    ends: true,
    isNoticed: false,
    begin: async (group, node) => {
      group.node(node).signal('SIGKILL')
      await group.node(node).exit()
    },
    end: (group, node) => group.node(node).start(),
    cost: { fails: true, misses: false, presence: 'gone' },
    repairSeconds: REPAIRED,
    isOfOneNode: true,
  },
  {
    name: 'a node is paused',
    kind: 'node',
    seconds: 13,
    isNoticed: false,
    begin: (group, node) => group.node(node).signal('SIGSTOP'),
    end: (group, node) => group.node(node).signal('SIGCONT'),
    cost: { fails: true, misses: false, presence: 'gone' },
    repairSeconds: CAUGHT_UP,
    isOfOneNode: true,
  },
  {
    name: 'Redis is away for longer than a lease',
    kind: 'redis',
    seconds: 12,
    isNoticed: true,
    begin: (group) => group.redis.stop('kept'),
    end: (group) => group.redis.start(),
    cost: AWAY,
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'Redis restarts empty',
    kind: 'redis',
    seconds: 4,
    isNoticed: true,
    begin: (group) => group.redis.stop('lost'),
    end: (group) => group.redis.start(),
    cost: AWAY,
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'Redis sleeps for 5 s',
    kind: 'command',
    seconds: 5,
    isNoticed: true,
    begin: (group) => {
      void group.redis.client.call('DEBUG', 'SLEEP', '5').catch(nothing) // answered when it is over
    },
    end: nothing,
    cost: { ...AWAY, misses: false },
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'Redis closes the subscriptions',
    kind: 'command',
    seconds: 0,
    isNoticed: false,
    begin: async (group) => {
      await group.redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    },
    end: nothing,
    cost: { fails: false, misses: true, presence: 'frozen' },
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'Redis closes the other connections',
    kind: 'command',
    seconds: 0,
    isNoticed: false,
    begin: async (group) => {
      await group.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal')
    },
    end: nothing,
    cost: { ...AWAY, misses: false },
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'Redis is out of memory',
    kind: 'command',
    seconds: 6,
    isNoticed: true,
    begin: async (group) => {
      await group.redis.client.config('SET', 'maxmemory', '1mb')
    },
    end: async (group) => {
      await group.redis.client.config('SET', 'maxmemory', '0')
    },
    cost: { fails: false, misses: false, presence: 'frozen' },
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'Redis refuses everything',
    kind: 'command',
    seconds: 5,
    isNoticed: true,
    begin: (group) => group.forbid(),
    end: (group) => group.allow(),
    cost: AWAY,
    repairSeconds: REPAIRED,
    isOfOneNode: false,
  },
  {
    name: 'a link is silent towards Redis',
    kind: 'link',
    seconds: 6,
    isNoticed: true,
    begin: (group, node) => group.node(node).link.silence('hold', 'up'),
    end: (group, node) => group.node(node).link.speak(),
    cost: { ...AWAY, misses: false },
    repairSeconds: REPAIRED,
    isOfOneNode: true,
  },
  {
    name: 'a link is silent from Redis',
    kind: 'link',
    seconds: 6,
    isNoticed: true,
    begin: (group, node) => group.node(node).link.silence('hold', 'down'),
    end: (group, node) => group.node(node).link.speak(),
    cost: { ...AWAY, misses: false },
    repairSeconds: REPAIRED,
    isOfOneNode: true,
  },
  {
    name: 'a link forgets its connections',
    kind: 'link',
    seconds: 3,
    isNoticed: true,
    begin: (group, node) => group.node(node).link.silence('lose', 'both'),
    end: (group, node) => group.node(node).link.speak(),
    cost: AWAY,
    repairSeconds: NOTICED + REPAIRED,
    isOfOneNode: true,
  },
  {
    name: 'a link is cut',
    kind: 'link',
    seconds: 5,
    isNoticed: true,
    begin: (group, node) => group.node(node).link.refuse(),
    end: (group, node) => group.node(node).link.accept(),
    cost: AWAY,
    repairSeconds: REPAIRED,
    isOfOneNode: true,
  },
]

/** Which nodes a fault befalls. */
export const befallen = ({ isOfOneNode }: Fault, node: number): readonly number[] =>
  isOfOneNode ? [node % NODES.length] : NODES

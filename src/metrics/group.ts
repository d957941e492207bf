/** The metrics of a node among others. Without others there is nothing to say. */
import type { Register } from './register.ts'

export interface GroupState {
  readonly isLive: boolean
  readonly nodes: number
  /** Messages between nodes, by what became of them. */
  readonly messages: Readonly<Record<string, number>>
}

export function defineGroupMetrics(register: Register, state: () => GroupState | undefined): void {
  const gauge = (
    name: string,
    help: string,
    read: (state: GroupState) => number,
    ofWorkers: 'max' | 'min',
  ): void =>
    register.gauge(
      name,
      help,
      [],
      (gauge) => {
        const known = state()
        if (known === undefined) gauge.remove()
        else gauge.set(read(known))
      },
      ofWorkers,
    )
  gauge(
    'nodes',
    'Nodes that share a Redis with this one, itself included.',
    ({ nodes }) => nodes,
    'max',
  )
  gauge(
    'node_live',
    'Whether Redis has what this node holds, and this node hears the others.',
    ({ isLive }) => (isLive ? 1 : 0),
    'min',
  )
  register.counter(
    'node_messages_total',
    'Messages between nodes, by what became of them here.',
    ['outcome'],
    (counter) => {
      for (const [outcome, count] of Object.entries(state()?.messages ?? {})) {
        counter.inc({ outcome }, count)
      }
    },
  )
}

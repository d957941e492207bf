/**
 * Two faults at once. There are more pairs than there is time: which are tried is drawn. FAULT_PAIRS draws
 * as many as are asked for.
 */
import { seeded } from '../support/seeded.ts'
import { FAULTS, type Fault } from './faults.ts'
import { describePromises } from './promises.ts'
import { seed } from './seed.ts'

const COUNT = Number(process.env['FAULT_PAIRS'] ?? 2)

/** A Redis that is not there can be told nothing. */
const canBeTogether = (a: Fault, b: Fault): boolean => {
  const kinds = [a.kind, b.kind]
  return a.kind !== b.kind && !(kinds.includes('redis') && kinds.includes('command'))
}

function drawn(): readonly (readonly [Fault, Fault])[] {
  const random = seeded(seed)
  const pairs = FAULTS.flatMap((a, index) =>
    FAULTS.slice(index + 1).flatMap((b) => (canBeTogether(a, b) ? [[a, b] as const] : [])),
  )
  return Array.from({ length: Math.min(COUNT, pairs.length) }, () =>
    pairs.splice(random(pairs.length), 1),
  ).flat()
}

describePromises('three nodes under load keep their promises when together', seed, drawn())

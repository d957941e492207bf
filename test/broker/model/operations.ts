/** What happens in a history: the same for the same seed. */
import { seeded } from '../../support/seeded.ts'

/** Numbers choose among what there is at that moment. */
export type ModelOperation =
  | { readonly type: 'join'; node: number; user: number; channel: number }
  | { readonly type: 'subscribe' | 'signIn'; node: number; user: number }
  | { readonly type: 'leave' | 'goodbye' | 'vanish'; node: number; client: number }
  | { readonly type: 'another'; node: number; client: number; channel: number }
  | { readonly type: 'wait'; milliseconds: number }
  | { readonly type: FaultName; node: number }

const FAULTS = [
  'crash',
  'stop',
  'pause',
  'resume',
  'deafen',
  'hear',
  'cutBus',
  'cutCommands',
  'loseAnswers',
  'dataLoss',
  'newNode',
] as const
export type FaultName = (typeof FAULTS)[number]

const CALM = [
  ...Array<'join'>(9).fill('join'),
  ...Array<'leave'>(4).fill('leave'),
  ...(['goodbye', 'vanish', 'vanish', 'another', 'another', 'subscribe', 'signIn'] as const),
  ...(['wait', 'wait'] as const),
] as const

const MOST_OPERATIONS = 30
/** Of ten operations, how many are faults; a history may have none. */
const FAULTS_OF_TEN = [0, 1, 2, 3]

export function operationsOf(seed: number): readonly ModelOperation[] {
  const below = seeded(seed * 7919 + 1)
  for (let i = 0; i < 5; i += 1) below(2) // neighbouring seeds begin alike
  const faulty = FAULTS_OF_TEN[below(FAULTS_OF_TEN.length)] ?? 0
  const length = 8 + below(MOST_OPERATIONS - 8)
  return Array.from({ length }, () => {
    const node = below(16)
    if (below(10) < faulty) return { type: FAULTS[below(FAULTS.length)] ?? 'crash', node }
    const type = CALM[below(CALM.length)] ?? 'wait'
    switch (type) {
      case 'wait':
        return { type, milliseconds: below(80) }
      case 'join':
        return { type, node, user: below(4), channel: below(2) }
      case 'another':
        return { type, node, client: below(16), channel: below(2) }
      case 'subscribe':
      case 'signIn':
        return { type, node, user: below(4) }
      default:
        return { type, node, client: below(16) }
    }
  })
}

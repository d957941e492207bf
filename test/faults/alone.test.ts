/** Everything that can befall three nodes over one Redis, one after the other. */
import { FAULTS } from './faults.ts'
import { describePromises } from './promises.ts'
import { seed } from './seed.ts'

describePromises(
  'three nodes under load keep their promises when',
  seed,
  FAULTS.map((fault) => [fault]),
)

import type { Broker } from './broker.ts'

/** A single node: there is nobody to hand a publication to. */
export const memoryBroker: Broker = { publish: () => undefined }

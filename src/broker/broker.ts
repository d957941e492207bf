/**
 * What carries publications between nodes. Delivery on this node is the hub's, not a broker's.
 */
import type { Publication } from '../hub/publication.ts'

export interface Broker {
  /**
   * Hands a publication to the other nodes.
   * @returns nothing when that is done at once, else a promise that settles when it is or has failed
   */
  publish(publication: Publication): Promise<void> | undefined
}

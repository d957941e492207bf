/**
 * Which port a generation listens on: that of the generations before it, unless its configuration names
 * another one.
 */
import { freePort } from '../transport/listener.ts'
import { addressIn } from './foreign-config.ts'

/**
 * @param given undefined where the configuration decides; it does once, for all workers
 * @param present that of the group
 * @returns what has the port for a configuration, and throws ResoundError where it cannot be had
 */
export function portChoice(
  given: number | undefined,
  present: () => number,
): (config: unknown) => number {
  let chosen = given
  return (config) => {
    if (chosen !== undefined) return chosen
    const { host, port } = addressIn(config)
    chosen = port === 0 || port === present() ? present() : freePort(host, port)
    return chosen
  }
}

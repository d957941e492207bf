/**
 * A check of a part of the exchange: left aside where there is none.
 */
import type { Check, Finding } from '../check.ts'
import type { Scene } from '../scene.ts'
import { Exchange } from './exchange.ts'

export function exchangeCheck(
  about: Pick<Check<Scene>, 'question' | 'needs'> & { readonly id: `auth.${string}` },
  find: (exchange: Exchange, signal: AbortSignal) => Promise<Finding>,
): Check<Scene> {
  return {
    ...about,
    area: 'auth',
    async run(scene, signal) {
      const exchange = await Exchange.of(scene)
      return exchange instanceof Exchange ? find(exchange, signal) : exchange
    },
  }
}

/** `POST address`, and who says that it is that. */
export const asked = ({ endpoint }: Exchange): string =>
  `POST ${endpoint.url} (by ${endpoint.from})`

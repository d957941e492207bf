/**
 * Asks for a page where WebSockets open: what comes back tells whether the server is reached at all, and
 * whose the answer is, where one to an upgrade does not.
 */
import { get as getByHttp, type IncomingMessage } from 'node:http'
import { get as getByHttps } from 'node:https'
import { beginningOf } from './beginning.ts'
import { type ProxyName, proxyOf } from './proxy-name.ts'
import type { WayIn } from './target.ts'

export interface PlainAnswer {
  readonly proxy: ProxyName | undefined
  /** The first of it. */
  readonly body: string
}

const ANSWER_MILLISECONDS = 3000

/** @param ca authorities that are trusted. @returns undefined where nobody answers */
export function askPlainly(
  { url, key, isTls, isOwn }: WayIn,
  ca: readonly string[],
  signal: AbortSignal,
): Promise<PlainAnswer | undefined> {
  const address = `${url}/app/${encodeURIComponent(key)}`
  const soon = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MILLISECONDS)])
  return new Promise((resolve) => {
    const answered = async (response: IncomingMessage): Promise<void> => {
      const body = await beginningOf(response)
      resolve({ proxy: proxyOf({ rawHeaders: response.rawHeaders, body }), body })
    }
    const take = (response: IncomingMessage): void => void answered(response)
    const asked = isTls
      ? getByHttps(
          address,
          { agent: false, signal: soon, ca: [...ca], rejectUnauthorized: !isOwn },
          take,
        )
      : getByHttp(address, { agent: false, signal: soon }, take)
    asked.on('error', () => resolve(undefined))
  })
}

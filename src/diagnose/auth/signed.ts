/**
 * What the body of an authorisation holds, and what stands in front of it that does not belong there.
 */
import { z } from 'zod'
import type { Answer } from './request.ts'

/** Everything that a client takes from it, as far as it is there. */
export interface Signed {
  readonly auth: string | undefined
  /** As text, which is what is signed. */
  readonly channelData: string | undefined
  readonly sharedSecret: string | undefined
}

const Body = z.object({
  auth: z.string().optional(),
  channel_data: z.unknown().optional(),
  shared_secret: z.string().optional(),
})

/** Undefined where a client could not read it. */
export function signedIn({ status, body }: Answer): Signed | undefined {
  if (status !== 200) return undefined
  const parsed = Body.safeParse(jsonOf(body))
  if (!parsed.success) return undefined
  const { auth, channel_data: data, shared_secret: sharedSecret } = parsed.data
  return { auth, channelData: typeof data === 'string' ? data : undefined, sharedSecret }
}

/**
 * What stands around the JSON in a body: warnings, dumps, a byte order mark.
 * @returns undefined where there is none, or no JSON
 */
export function noiseIn(body: string): string | undefined {
  if (jsonOf(body) !== undefined) return undefined
  const start = body.search(/\{"(auth|channel_data)"/)
  const end = body.lastIndexOf('}')
  if (start === -1 || jsonOf(body.slice(start, end + 1)) === undefined) return undefined
  return body.slice(0, start) || body.slice(end + 1)
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // which is what is asked
  }
}

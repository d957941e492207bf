/** The first of a page, as far as a diagnosis looks at it. */
import type { IncomingMessage } from 'node:http'

const BODY_CHARACTERS = 2000

/** Never rejects: of an answer that breaks off, what has come by then. */
export async function beginningOf(response: IncomingMessage): Promise<string> {
  let body = ''
  try {
    for await (const piece of response) {
      body += String(piece)
      if (body.length > BODY_CHARACTERS) break
    }
  } catch {
    // What has come by then is what there is.
  }
  return body.slice(0, BODY_CHARACTERS)
}

/**
 * Where a page ended, as a text that fits into a query. Who asks for the next page gives it back as it is.
 */
import { z } from 'zod'
import type { After, Row } from '../live/question.ts'

const Cursor = z.tuple([z.string(), z.string()])

export function cursorOf(last: Row | undefined): string | null {
  if (last === undefined) return null
  return Buffer.from(JSON.stringify([last.app, last.name])).toString('base64url')
}

/** @returns undefined for what is no cursor */
export function readCursor(text: string): After | undefined {
  try {
    return Cursor.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))).data
  } catch {
    return undefined // SyntaxError: nobody was given that
  }
}

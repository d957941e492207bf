/**
 * Reads a text file whole, with the failure as a value: where it matters differs by caller.
 */
import { readFileSync } from 'node:fs'

export type TextFile = { readonly text: string } | { readonly reason: string }

/** @returns the text without a byte order mark, or the system's reason, such as `ENOENT`. */
export function readText(path: string): TextFile {
  try {
    return { text: readFileSync(path, 'utf8').replace(/^\uFEFF/, '') }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { reason: String(error.code) }
    throw error
  }
}

/**
 * One value on its way into the configuration, and where it came from.
 */
import type { Path } from './options.ts'

/** Where a value came from. */
export type Origin =
  | { readonly kind: 'default' }
  | {
      readonly kind: 'file'
      readonly file: string
      readonly line: number
      readonly column: number
    }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'laravel'; readonly file: string; readonly variable: string }
  | {
      readonly kind: 'generated'
      readonly file: string
      /** Whether it is in the file; until the first start it is not. */
      readonly isKept: boolean
    }

export interface Setting {
  readonly path: Path
  readonly value: unknown
  readonly origin: Origin
}

/** An origin as people read it: `resound.json:4:3`, `RESOUND_PORT`, `--port`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`
    case 'environment':
      return origin.variable
    case 'flag':
      return origin.flag
    case 'laravel':
      return `${origin.variable} in ${origin.file}`
    case 'generated':
      return origin.isKept ? `generated, kept in ${origin.file}` : 'generated on the first start'
  }
}

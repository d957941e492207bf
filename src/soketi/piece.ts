/**
 * What a translation is put together from: values for our configuration, and notes about the rest.
 */
import type { Path } from '../config/options.ts'

/** A value of ours, which is taken as a whole if the schema accepts it. */
export interface Value {
  readonly kind: 'value'
  readonly path: Path
  readonly value: unknown
  /** The setting of soketi that it comes from. */
  readonly from: string
}

/** Something the operator should know. */
export interface Note {
  readonly kind: 'app left out' | 'different' | 'refused' | 'unknown' | 'without equivalent'
  /** As soketi calls it, unless it is ours alone. */
  readonly setting: string
  /** Where it was given; undefined for a default. */
  readonly place: string | undefined
  /** Follows the setting's name. Never holds a secret's value. */
  readonly message: string
}

export type Piece = Value | Note

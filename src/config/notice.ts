/**
 * Something the operator should know about how the configuration came about; the start logs it.
 */
export interface Notice {
  readonly level: 'info' | 'warn'
  /** Constant text. */
  readonly message: string
  /** Never a secret's value. */
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * Something the operator should know about how the configuration came about; the start logs it.
 */
export interface Notice {
  readonly level: 'info' | 'warn'
  /** Constant text. */
  readonly message: string
  /** Never a secret's value. */
  readonly fields: Readonly<Record<string, unknown>>
  /** A short name of what is wrong, where `diagnose` knows a remedy. */
  readonly causeId?: string
}

export function warning(message: string, fields: Notice['fields'], causeId?: string): Notice {
  return { level: 'warn', message, fields, ...(causeId === undefined ? {} : { causeId }) }
}

export function information(message: string, fields: Notice['fields']): Notice {
  return { level: 'info', message, fields }
}

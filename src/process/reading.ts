/**
 * The configuration as a running server reads it again, and what its log says of any reading.
 */
import type { Logger } from 'pino'
import { type Loaded, readConfig } from '../config/load.ts'
import type { Notice } from '../config/notice.ts'
import { describeProblem } from '../config/problem.ts'
import type { Flags } from '../config/sources.ts'
import { version } from '../version.ts'

/** @returns the problems, a line each, where it is refused */
export function readAgain(flags: Flags): Loaded | { readonly problems: readonly string[] } {
  const reading = readConfig({ flags })
  if (!reading.valid) return { problems: reading.problems.map(describeProblem) }
  const problems = lostApp(reading)
  return problems.length === 0 ? reading : { problems }
}

/** A start without an app makes one up; a running server that did would turn everybody away. */
function lostApp({ originOf }: Loaded): string[] {
  const origin = originOf(['apps', 0, 'secret'])
  if (origin.kind !== 'generated' || origin.isKept) return []
  return [`${origin.file}: the generated app is gone, and no other is configured`]
}

/** What was taken from where: names only, and only of places that gave something. */
export function sourcesOf(loaded: Loaded, flags: Flags): Readonly<Record<string, unknown>> {
  const named: Record<'environment' | 'flags' | 'laravel', string[]> = {
    environment: [],
    flags: [],
    laravel: [],
  }
  let generatedApp: string | undefined
  for (const origin of loaded.origins) {
    if (origin.kind === 'environment') named.environment.push(origin.variable)
    if (origin.kind === 'laravel') named.laravel.push(origin.variable)
    if (origin.kind === 'flag') named.flags.push(origin.flag)
    if (origin.kind === 'generated') generatedApp = origin.file
  }
  const given = Object.entries(named).filter(([, names]) => names.length > 0)
  return {
    version,
    config: loaded.file,
    laravelApp: flags.laravel,
    ...Object.fromEntries(given),
    generatedApp,
    apps: loaded.config.apps.length,
  }
}

export type Tell = (notices: readonly Notice[]) => void

/** Logs notices, and of later ones only what has changed since. */
export function notifier(log: Logger): Tell {
  let told = new Set<string>()
  return (notices) => {
    const before = told
    told = new Set(notices.map((notice) => JSON.stringify(notice)))
    for (const notice of notices) {
      const { level, message, fields } = notice
      if (!before.has(JSON.stringify(notice))) log[level](fields, message)
    }
  }
}

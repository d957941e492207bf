/**
 * A judgement as Nagios and what descends from it read it (Monitoring Plugins Development Guidelines,
 * "Plugin Output"): one line for people, and after `|` the measures with their thresholds.
 */
import type { HealthDocument } from './documents/health.ts'

export function nagiosLine(report: Omit<HealthDocument, 'schema'>): string {
  const { outcome, reason, milliseconds, legs, warnMs, critMs } = report
  const measures = [
    measure('time', milliseconds, `;${warnMs / 1000};${critMs / 1000};0`),
    ...Object.entries(legs).map(([leg, value]) => measure(leg, value, ';;;0')),
  ]
  // A bar would begin the measures, and a line break the long text.
  const text = reason.replaceAll('|', '/').replaceAll(/\s+/g, ' ')
  return `RESOUND ${outcome.toUpperCase()} - ${text} | ${measures.join(' ')}`
}

/** In seconds; `U` where the value is not known. */
const measure = (label: string, milliseconds: number | null, rest: string): string =>
  milliseconds === null
    ? `${label}=U${rest}`
    : `${label}=${Number((milliseconds / 1000).toFixed(6))}s${rest}`

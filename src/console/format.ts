/** Figures for people, at most four digits of them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

export const NOTHING = '–'

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : whole.format(value)
}

/** Per second. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING
  return value < 10 ? tenths.format(value) : compact(value)
}

/** 12,345 in full, more as 1.2 M. */
export function compact(value: number): string {
  if (value < 100_000) return whole.format(value)
  return value < 1e6 ? `${tenths.format(value / 1000)} k` : `${tenths.format(value / 1e6)} M`
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING
  if (value < 0.001) return `${whole.format(value * 1e6)} µs`
  if (value < 1) return `${tenths.format(value * 1000)} ms`
  return `${tenths.format(value)} s`
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING
  if (value < 1024) return `${whole.format(value)} B`
  if (value < 1024 ** 2) return `${tenths.format(value / 1024)} KiB`
  if (value < 1024 ** 3) return `${tenths.format(value / 1024 ** 2)} MiB`
  return `${tenths.format(value / 1024 ** 3)} GiB`
}

/** The two largest units of a time span. */
export function span(value: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const
  const parts: string[] = []
  let rest = Math.max(0, Math.floor(value))
  for (const [name, size] of units) {
    const many = Math.floor(rest / size)
    rest -= many * size
    if (many > 0 || parts.length > 0) parts.push(`${many} ${name}`)
    if (parts.length === 2) break
  }
  return parts.length === 0 ? '0 s' : parts.join(' ')
}

/** The time of day, to the millisecond where it matters. */
export function clockTime(milliseconds: number, withMilliseconds = false): string {
  const date = new Date(milliseconds)
  const text = date.toLocaleTimeString('en-GB')
  return withMilliseconds ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text
}

export function dateTime(when: string | number): string {
  const date = new Date(when)
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
  return `${day}, ${date.toLocaleTimeString('en-GB')}`
}

export const plural = (many: number, one: string, more = `${one}s`): string =>
  `${count(many)} ${many === 1 ? one : more}`

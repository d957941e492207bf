/**
 * How an address that may hold a secret is shown, such as that of a webhook: where it leads to, and not what
 * comes after the first part of its path, which with many services is the key to it.
 */
export const MASK = '********'

/** A part of a path that is shorter may be an ordinary word. */
const LEAST_LENGTH = 16

/** `https://hooks.example/services/********`. What is no URL is not shown at all. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return MASK
  const { origin, pathname, search } = new URL(text)
  const [, first = '', ...rest] = pathname.split('/')
  const begun = first.length < LEAST_LENGTH ? first : MASK
  const more = rest.some((part) => part !== '') ? `/${MASK}` : ''
  return `${origin}/${begun}${more}${search === '' ? '' : `?${MASK}`}`
}

/** What such an address holds that is not shown, as texts to be taken out of others. */
export function secretsInUrl(text: string): readonly string[] {
  if (!URL.canParse(text)) return [text]
  const { pathname, password, searchParams } = new URL(text)
  const parts = pathname.split('/').filter((part) => part !== '')
  const whole = parts.length > 1 ? [parts.join('/')] : []
  const long = [parts.slice(1).join('/'), ...parts].filter((one) => one.length >= LEAST_LENGTH)
  return [...whole, ...long, password, ...searchParams.values()]
}

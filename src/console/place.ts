/** Where in the console one is: kept in the fragment, so that it can be linked to and gone back from. */
import { signal } from '@preact/signals'

export const PAGES = ['overview', 'channels', 'connections', 'events', 'send', 'diagnosis'] as const
export type PageName = (typeof PAGES)[number]

export interface Place {
  readonly page: PageName
  readonly query: URLSearchParams
}

export const place = signal<Place>(placeOf(location.hash))

addEventListener('hashchange', () => {
  place.value = placeOf(location.hash)
})

function placeOf(fragment: string): Place {
  const [path = '', query = ''] = fragment.replace(/^#\/?/, '').split('?', 2)
  const page = PAGES.find((name) => name === path) ?? 'overview'
  return { page, query: new URLSearchParams(query) }
}

/** The link to a page. Empty values are left out. */
export function linkTo(
  page: PageName,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const text = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value) text.set(name, value)
  return `#/${page}${text.size === 0 ? '' : `?${text}`}`
}

/** Keeps what a page is filtered by in its address, without a step to go back by. */
export function keepQuery(query: Readonly<Record<string, string | undefined>>): void {
  const { page } = place.value
  history.replaceState(null, '', linkTo(page, query))
  place.value = placeOf(location.hash)
}

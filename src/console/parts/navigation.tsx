/** The ways to the pages. */
import { linkTo, PAGES, type PageName, place } from '../place.ts'
import {
  ChannelsIcon,
  ConnectionsIcon,
  DiagnosisIcon,
  EventsIcon,
  OverviewIcon,
  SendIcon,
} from './icons.tsx'

export const TITLES: Readonly<Record<PageName, string>> = {
  overview: 'Overview',
  channels: 'Channels',
  connections: 'Connections',
  events: 'Events',
  send: 'Send an event',
  diagnosis: 'Diagnosis',
}

const SHORT: Readonly<Partial<Record<PageName, string>>> = { send: 'Send' }

const ICONS: Readonly<Record<PageName, () => preact.JSX.Element>> = {
  overview: OverviewIcon,
  channels: ChannelsIcon,
  connections: ConnectionsIcon,
  events: EventsIcon,
  send: SendIcon,
  diagnosis: DiagnosisIcon,
}

export function Navigation() {
  const here = place.value.page
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map((page) => {
          const Icon = ICONS[page]
          return (
            <li key={page}>
              <a href={linkTo(page)} aria-current={page === here ? 'page' : undefined}>
                <Icon />
                {SHORT[page] ?? TITLES[page]}
              </a>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}

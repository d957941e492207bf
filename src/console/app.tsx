/** The frame around the pages: where one is, what may be done, and whether the server is heard. */
import { useEffect } from 'preact/hooks'
import { access, findAccess } from './access.ts'
import { Channels } from './pages/channels.tsx'
import { Connections } from './pages/connections.tsx'
import { Diagnosis } from './pages/diagnosis.tsx'
import { Events } from './pages/events.tsx'
import { Overview } from './pages/overview.tsx'
import { Send } from './pages/send.tsx'
import { Shut } from './pages/shut.tsx'
import { Announcer } from './parts/announcer.tsx'
import { ConfirmDialog } from './parts/confirm.tsx'
import { Header } from './parts/header.tsx'
import { Navigation, TITLES } from './parts/navigation.tsx'
import { type PageName, place } from './place.ts'
import { followSamples, leaveSamples } from './samples.ts'

const PAGE: Readonly<Record<PageName, () => preact.JSX.Element>> = {
  overview: Overview,
  channels: Channels,
  connections: Connections,
  events: Events,
  send: Send,
  diagnosis: Diagnosis,
}

const RETRY_MILLISECONDS = 3000

export function App() {
  const may = access.value
  const isOpen = may === 'viewer' || may === 'operator'
  useEffect(() => {
    if (isOpen) followSamples()
    else leaveSamples()
    if (may !== 'unreachable') return
    const timer = setInterval(() => void findAccess(), RETRY_MILLISECONDS)
    return () => clearInterval(timer)
  }, [isOpen, may])
  if (may === 'unknown') return null
  if (may === 'unreachable') return <Unreachable />
  if (may === 'shut') return <Shut />
  return <Frame />
}

function Frame() {
  const { page } = place.value
  const Page = PAGE[page]
  useEffect(() => {
    document.title = `${TITLES[page]} · Resound`
    // Who has followed a link reads on from the page's beginning.
    if (document.activeElement?.closest('nav') !== null) return
    document.getElementById('title')?.focus({ preventScroll: true })
  }, [page])
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <Header />
      <Navigation />
      <main id="main" tabIndex={-1}>
        <Page key={page} />
      </main>
      <ConfirmDialog />
      <Announcer />
    </div>
  )
}

/** No link, since the fragment says which page is shown. */
function skip(): void {
  document.getElementById('main')?.focus()
}

function Unreachable() {
  return (
    <main class="alone">
      <div class="card gate">
        <h1>The server does not answer</h1>
        <p role="status">Trying again every three seconds.</p>
      </div>
    </main>
  )
}

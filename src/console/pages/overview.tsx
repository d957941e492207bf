/** How the server is: figures and plots of the last five minutes, and what its status says. */
import { bytes, compact, count, NOTHING, rate, seconds } from '../format.ts'
import { Heading } from '../parts/heading.tsx'
import { Plot, type Series } from '../parts/plot.tsx'
import { StatusCards } from '../parts/status-cards.tsx'
import { latest, type Sample, status } from '../samples.ts'

const line = (name: string, colour: string, of: Series['of']): Series => ({ name, colour, of })

const CONNECTIONS = [line('Open', '--plot-1', (at) => at.connections)]
const TURNOVER = [
  line('Opened', '--plot-1', (at) => at.opened),
  line('Closed', '--plot-3', (at) => at.closed),
]
const RECEIVED = [
  line('HTTP', '--plot-1', (at) => at.events.http),
  line('Redis', '--plot-2', (at) => at.events.redis),
  line('Clients', '--plot-3', (at) => at.events.client),
]
const DELIVERED = [line('Delivered', '--plot-1', (at) => at.delivered)]
const LATENCY = [
  line('Median', '--plot-1', (at) => at.delivery.p50),
  line('99th percentile', '--plot-3', (at) => at.delivery.p99),
]
const FAULTS = [
  line('Refused', '--plot-3', (at) => at.refused),
  line('HTTP 4xx', '--plot-2', (at) => at.httpClientErrors),
  line('HTTP 5xx', '--plot-4', (at) => at.httpServerErrors),
]

export function Overview() {
  return (
    <>
      <Heading title="Overview">
        <Readiness />
      </Heading>
      <Figures />
      <section class="plots" aria-label="The last five minutes">
        <Plot title="Connections" series={CONNECTIONS} format={whole} atLeast={4} isFilled />
        <Plot
          title="Delivered"
          unit="per second"
          series={DELIVERED}
          format={rate}
          atLeast={4}
          isFilled
        />
        <Plot title="Events in" unit="per second" series={RECEIVED} format={rate} atLeast={4} />
        <Plot
          title="Delivery time"
          unit="received to written"
          series={LATENCY}
          format={seconds}
          atLeast={0.001}
        />
        <Plot
          title="Coming and going"
          unit="per second"
          series={TURNOVER}
          format={rate}
          atLeast={4}
        />
        <Plot
          title="Refusals and errors"
          unit="per second"
          series={FAULTS}
          format={rate}
          atLeast={1}
        />
      </section>
      <StatusCards />
    </>
  )
}

const whole = (value: number | null | undefined): string =>
  value === null || value === undefined ? NOTHING : compact(value)

function Readiness() {
  const told = status.value
  if (told === undefined) return null
  return (
    <span class={`pill ${told.ready ? 'good' : 'bad'}`}>
      {told.ready ? 'Ready' : 'Not ready'}: {told.reason}
    </span>
  )
}

function Figures() {
  const at = latest.value
  const limit = status.value?.connections.limit
  const received = at === undefined ? undefined : sum(at)
  return (
    <dl class="figures">
      <Figure name="Connections" value={count(at?.connections)} id="connections">
        {limit === null || limit === undefined ? 'no limit known' : `of at most ${compact(limit)}`}
      </Figure>
      <Figure name="Subscriptions" value={count(at?.subscriptions)} id="subscriptions">
        to all channels
      </Figure>
      <Figure name="Events in" value={rate(received)} unit="/s" id="events">
        {rate(at?.delivered)} delivered a second
      </Figure>
      <Figure name="Delivery, 99 %" value={seconds(at?.delivery.p99)} id="delivery">
        median {seconds(at?.delivery.p50)}
      </Figure>
      <Figure name="Event loop late, 99 %" value={seconds(at?.loopDelay.p99)} id="loop">
        median {seconds(at?.loopDelay.p50)}
      </Figure>
      <Figure name="Memory" value={bytes(at?.memoryBytes)} id="memory">
        {count(at?.openFiles)} open files
      </Figure>
    </dl>
  )
}

const sum = ({ events }: Sample): number => events.http + events.redis + events.client

interface FigureProps {
  readonly name: string
  readonly value: string
  readonly unit?: string
  readonly id: string
  readonly children: preact.ComponentChildren
}

function Figure({ name, value, unit, id, children }: FigureProps) {
  return (
    <div class="card figure">
      <dt>{name}</dt>
      <dd data-figure={id}>
        {value}
        {unit !== undefined && <span class="unit">{unit}</span>}
      </dd>
      <dd class="beside">{children}</dd>
    </div>
  )
}

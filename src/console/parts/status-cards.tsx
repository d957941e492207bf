/** What the server's status says beyond the figures. */
import type { ComponentChildren } from 'preact'
import { bytes, count, dateTime, NOTHING, plural, seconds, span } from '../format.ts'
import { type Status, status } from '../samples.ts'

export function StatusCards() {
  const told = status.value
  if (told === undefined) return null
  return (
    <section class="cards" aria-label="Server">
      <Server told={told} />
      <Surroundings told={told} />
      <Processes told={told} />
    </section>
  )
}

type Row = readonly [name: string, value: ComponentChildren]

function Facts({ title, rows }: { title: string; rows: readonly Row[] }) {
  return (
    <div class="card facts">
      <h2>{title}</h2>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function Server({ told }: { told: Status }) {
  const { listeners, generation, workers, lastRestart, uptimeSeconds } = told
  const { host, port, tls = false } = listeners.public
  const name = host.includes(':') ? `[${host}]` : host
  return (
    <Facts
      title="Server"
      rows={[
        ['Listening', <code key="address">{`${tls ? 'https' : 'http'}://${name}:${port}`}</code>],
        ['Up', span(uptimeSeconds)],
        ['Generation', `${generation.id}, since ${dateTime(generation.startedAt)}`],
        ['Workers', `${workers.serving} of ${workers.wanted} serving`],
        [
          'Last restart',
          lastRestart === null
            ? 'none since the start'
            : `${lastRestart.outcome}, ${dateTime(lastRestart.at)} (${lastRestart.reason})`,
        ],
      ]}
    />
  )
}

function Surroundings({ told }: { told: Status }) {
  const [first] = told.processes
  const redis = first?.redis ?? []
  return (
    <Facts
      title="Around it"
      rows={[
        [
          'Nodes',
          first?.nodes === null || first?.nodes === undefined ? 'by itself' : count(first.nodes),
        ],
        ["Laravel's Redis", redis.length === 0 ? 'not listened to' : redisText(redis)],
        ['Apps', appsText(first?.apps ?? {})],
        [
          'Certificate',
          first?.certificateEnd ? `ends ${dateTime(first.certificateEnd)}` : 'none: without TLS',
        ],
        ['Node.js', first?.node ?? NOTHING],
      ]}
    />
  )
}

function redisText(redis: NonNullable<Status['processes'][number]['redis']>): string {
  const up = redis.filter(({ isUp }) => isUp)
  const trips = up.flatMap(({ roundTripSeconds }) => roundTripSeconds ?? [])
  const slowest = trips.length === 0 ? '' : `, round trip ${seconds(Math.max(...trips))}`
  return `${up.length} of ${redis.length} up${slowest}`
}

function appsText(apps: Readonly<Record<string, number>>): string {
  const parts = Object.entries(apps).filter(([, many]) => many > 0)
  if (parts.length === 0) return 'none'
  return parts.map(([source, many]) => `${count(many)} from ${source}`).join(', ')
}

function Processes({ told }: { told: Status }) {
  return (
    <div class="card facts wide">
      <h2>{plural(told.processes.length, 'process', 'processes')}</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Connections
              </th>
              <th scope="col" class="number">
                Memory
              </th>
              <th scope="col" class="number">
                Open files
              </th>
            </tr>
          </thead>
          <tbody>
            {told.processes.map(({ pid, state, connections, memory, openFiles }) => (
              <tr key={pid}>
                <td>{pid}</td>
                <td>{state}</td>
                <td class="number">{count(connections?.open)}</td>
                <td class="number">{bytes(memory?.residentBytes)}</td>
                <td class="number">
                  {count(openFiles?.open)} of {count(openFiles?.limit)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

/**
 * What it costs to look: `status`, `channels` and `connections` asked of a server with 10,000 connections
 * in 10,000 channels, alone and as one of two nodes.
 *
 * For each: how long an answer takes, and how late the server's event loop is while it is asked without a
 * pause, against the same time without. Loopback only; ends what it has started. `npm run bench:live`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { repository } from './process.ts'
import { startRedis } from './servers.ts'

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
  },
})
const CONNECTIONS = Number(values.connections)
const SECONDS = Number(values.seconds)
const OPENING = 200

/** In the server's own process: how late its event loop is between two messages. */
const PROBE = `
import { monitorEventLoopDelay } from 'node:perf_hooks'
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ p99: delay.percentile(99) / 1e6, max: delay.max / 1e6, cpu: (user + system) / 1000 })
  delay.reset()
})
process.channel.unref()
`

const KEY = 'live-key'
const directory = mkdtempSync(join(tmpdir(), 'resound-bench-'))
writeFileSync(join(directory, 'probe.mjs'), PROBE)

interface Node {
  readonly child: ChildProcess
  readonly port: number
  readonly admin: number
}

/** A server of its own, with a probe in its process. */
async function serve(variables: NodeJS.ProcessEnv): Promise<Node> {
  const runtime = mkdtempSync(join(directory, 'run-')) // of mode 0700, each its own
  const child = fork(join(repository, 'dist/bin/resound.js'), ['start', '--log-format', 'json'], {
    cwd: directory,
    execArgv: ['--import', join(directory, 'probe.mjs')],
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      XDG_RUNTIME_DIR: runtime,
      RESOUND_APP_ID: 'live',
      RESOUND_APP_KEY: KEY,
      RESOUND_APP_SECRET: 'live-secret',
      RESOUND_PORT: '0',
      RESOUND_ADMIN_PORT: '0',
      RESOUND_WELCOME_PER_SECOND: '10000',
      RESOUND_WELCOME_BURST: '10000',
      ...variables,
    },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  if (child.stdout === null) throw new Error('a server says when it is ready')
  const [line] = await once(createInterface(child.stdout), 'line')
  const { port, admin } = JSON.parse(String(line))
  return { child, port, admin: Number(new URL(`http://${admin}`).port) }
}

/** A client's frame: masked with zeros, which leaves it readable. */
function frame(text: string): Buffer {
  const body = Buffer.from(text)
  const head = Buffer.alloc(6)
  head[0] = 0x81
  head[1] = 0x80 | body.length // shorter than 126 bytes
  return Buffer.concat([head, body])
}

/** Connects and subscribes to a channel of its own. */
async function enter(port: number, channel: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET /app/${KEY}?protocol=7 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  await new Promise<void>((resolve, reject) => {
    let isAsked = false
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      if (text.includes('subscription_succeeded')) resolve()
      else if (!isAsked && text.includes('connection_established')) {
        isAsked = true
        socket.write(frame(`{"event":"pusher:subscribe","data":{"channel":"${channel}"}}`))
      }
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('a connection was closed')))
  })
  return socket
}

async function crowd(nodes: readonly Node[]): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  for (let from = 0; from < CONNECTIONS; from += OPENING) {
    const batch = Array.from({ length: Math.min(OPENING, CONNECTIONS - from) }, (_, index) => {
      const number = from + index
      const node = nodes[number % nodes.length]
      if (node === undefined) throw new Error('there is a node')
      return enter(node.port, `orders.${number}`)
    })
    sockets.push(...(await Promise.all(batch)))
  }
  for (const socket of sockets) socket.removeAllListeners('close')
  return sockets
}

interface Strain {
  /** How late the event loop was since this was last asked, in ms. */
  readonly p99: number
  readonly max: number
  /** What the process has used, in ms. */
  readonly cpu: number
}

async function strainOf({ child }: Node): Promise<Strain> {
  const answer = once(child, 'message')
  child.send('strain')
  const [strain] = await answer
  return strain as Strain
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Asks one path without a pause. @returns how long each answer took, in order */
async function ask({ admin }: Node, path: string): Promise<number[]> {
  const took: number[] = []
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end) {
    const asked = performance.now()
    const response = await fetch(`http://127.0.0.1:${admin}${path}`)
    await response.text()
    if (response.status !== 200) throw new Error(`${path} is answered with ${response.status}`)
    took.push(performance.now() - asked)
  }
  return took.sort((a, b) => a - b)
}

const PATHS = ['/status', '/channels?limit=1000', '/connections?limit=1000', '/users?limit=1000']

async function measure(name: string, nodes: readonly Node[]): Promise<void> {
  const sockets = await crowd(nodes)
  await pause(3000) // what connecting has left behind is collected
  console.log(`\n${name}: ${sockets.length} connections, as many channels`)
  console.log(
    '                            answers  p50 ms  max ms  for each node: CPU ms an answer, loop p99 ms (max)',
  )
  const [first] = nodes
  if (first === undefined) throw new Error('there is a node')
  let before = await Promise.all(nodes.map(strainOf))
  const row = async (what: string, took: readonly number[]): Promise<void> => {
    const strains = await Promise.all(nodes.map(strainOf))
    const ms = (value: number | undefined): string => (value ?? 0).toFixed(1).padStart(6)
    const perNode = strains.map(({ p99, max, cpu }, index) => {
      const used = took.length === 0 ? 0 : (cpu - (before[index]?.cpu ?? 0)) / took.length
      return `${ms(used)} ${ms(p99)} (${max.toFixed(1)})`
    })
    before = strains
    console.log(
      `${what.padEnd(26)} ${String(took.length).padStart(8)}  ${ms(took[took.length >> 1])}  ${ms(took.at(-1))}  ${perNode.join(' ')}`,
    )
  }
  await pause(SECONDS * 1000)
  await row('nobody asks', [])
  for (const path of PATHS) await row(path, await ask(first, path))
  for (const socket of sockets) socket.destroy()
}

try {
  const alone = await serve({})
  await measure('one node', [alone])
  alone.child.kill('SIGKILL')
  const redis = await startRedis()
  const shared = { RESOUND_REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  const nodes = [await serve(shared), await serve(shared)]
  await measure('two nodes', nodes)
  for (const { child } of nodes) child.kill('SIGKILL')
  await redis.stop()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit()

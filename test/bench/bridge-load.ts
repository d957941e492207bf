/**
 * A load of subscriptions to private channels as browsers make them: authorise, then subscribe.
 *
 * It is the Laravel app as well, which allows everything after 20 ms. Run by `compare.ts` as a program
 * of its own, so that it stays off the server's CPU. Prints a result in the generator's form.
 */
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { Phase, Result } from './generator.ts'

const APP_MILLISECONDS = 20

const asked = z
  .object({
    port: z.number(),
    pid: z.number(),
    appId: z.string(),
    key: z.string(),
    secret: z.string(),
    connections: z.number(),
    channels: z.number(),
    subscribeParallel: z.number(),
    way: z.enum(['signed', 'bridge']),
    upstreamPort: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''))

interface Browser {
  readonly socket: WebSocket
  readonly socketId: string
}

const Frame = z.object({ event: z.string(), data: z.string().optional() })
const agent = new Agent({ keepAlive: true, maxSockets: asked.subscribeParallel })

const app = createServer((incoming, response) => {
  incoming.resume().on('end', () => setTimeout(() => response.end('true'), APP_MILLISECONDS))
})
await new Promise<void>((listening) => app.listen(asked.upstreamPort, '127.0.0.1', listening))

const residentBefore = residentBytes()
const browsers: Browser[] = []
const connect = await phase(asked.connections, 64, async () => {
  browsers.push(await open())
})
const subscribe = await phase(asked.connections, asked.subscribeParallel, async (index) => {
  const browser = browsers[index]
  if (browser === undefined) throw new Error(`there is no browser ${index}`)
  await join(browser, `private-${index % asked.channels}`)
})
const result: Result = {
  connect,
  subscribe,
  residentBytesBefore: residentBefore,
  residentBytesAfter: residentBytes(),
  presenceEvents: 0,
  failures: 0,
  firstFailure: '',
}
console.log(JSON.stringify(result))
for (const { socket } of browsers) socket.terminate()
agent.destroy()
app.close()
app.closeAllConnections()

/** Does `work` so many times, so many at once, and measures it. @throws what one of them throws */
async function phase(
  operations: number,
  parallel: number,
  work: (index: number) => Promise<void>,
): Promise<Phase> {
  const took: number[] = []
  const begun = performance.now()
  const serverBefore = serverCpuMicros()
  const { user, system } = process.cpuUsage()
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < operations) {
      const since = performance.now()
      await work(next++)
      took.push(performance.now() - since)
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  const own = process.cpuUsage()
  took.sort((a, b) => a - b)
  const at = (share: number): number => (took[Math.floor((took.length - 1) * share)] ?? 0) * 1000
  return {
    operations,
    expected: operations,
    happened: took.length,
    seconds: (performance.now() - begun) / 1000,
    serverCpuMicros: serverCpuMicros() - serverBefore,
    redisCpuMicros: 0,
    generatorCpuMicros: own.user + own.system - user - system,
    p50Micros: at(0.5),
    p99Micros: at(0.99),
  }
}

async function open(): Promise<Browser> {
  const socket = new WebSocket(`ws://127.0.0.1:${asked.port}/app/${asked.key}?protocol=7`)
  const { data } = await answer(socket, 'pusher:connection_established')
  const { socket_id: socketId } = z.object({ socket_id: z.string() }).parse(JSON.parse(data ?? ''))
  return { socket, socketId }
}

async function join({ socket, socketId }: Browser, channel: string): Promise<void> {
  const auth = asked.way === 'bridge' ? await authorise(socketId, channel) : sign(socketId, channel)
  const joined = answer(socket, 'pusher_internal:subscription_succeeded')
  socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth } }))
  await joined
}

function sign(socketId: string, channel: string): string {
  const signature = createHmac('sha256', asked.secret).update(`${socketId}:${channel}`)
  return `${asked.key}:${signature.digest('hex')}`
}

/** Asks the bridge, as pusher-js does. */
function authorise(socketId: string, channel: string): Promise<string> {
  const body = new URLSearchParams({ socket_id: socketId, channel_name: channel }).toString()
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        host: '127.0.0.1',
        port: asked.port,
        method: 'POST',
        path: `/apps/${asked.appId}/auth`,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        },
      },
      async (response) => {
        let text = ''
        for await (const piece of response) text += String(piece)
        const read = z.object({ auth: z.string() }).safeParse(JSON.parse(text))
        if (read.success) resolve(read.data.auth)
        else reject(new Error(`the bridge answered ${response.statusCode}: ${text}`))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The next frame of a connection. @throws when it is another event */
function answer(socket: WebSocket, event: string): Promise<z.infer<typeof Frame>> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('message', (text) => {
      socket.off('error', reject)
      const frame = Frame.parse(JSON.parse(String(text)))
      if (frame.event === event) resolve(frame)
      else reject(new Error(`${frame.event} came instead of ${event}`))
    })
  })
}

/** On-CPU time of all threads of the server. */
function serverCpuMicros(): number {
  const tasks = `/proc/${asked.pid}/task`
  return readdirSync(tasks)
    .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000)
    .reduce((sum, micros) => sum + micros, 0)
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${asked.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

/**
 * The least that Node and uWebSockets.js can do and still answer the load: a floor, not a server.
 *
 * No apps, no limits, no metrics, nothing validated. With `--sign` it checks signatures, for the
 * loads where checking them is the work. What Resound costs beyond this is what its features cost.
 */

import uWS, { type HttpResponse, type WebSocket } from 'uWebSockets.js'
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'

interface Connection {
  readonly socketId: string
}
interface Roster {
  members: number
  ids: string
  hash: string
}

const { values: options } = parseArgs({
  options: {
    port: { type: 'string' },
    key: { type: 'string' },
    secret: { type: 'string' },
    sign: { type: 'boolean', default: false },
    redis: { type: 'string' },
  },
})
const { secret = '', sign } = options
const listenSockets = 8 // each has an accept queue of 512: a storm of connects needs more than one

const app = uWS.App()
const rosters = new Map<string, Roster>()
let connections = 0

const publish = (event: string, channel: string, data: string) =>
  app.publish(
    channel,
    `{"event":${JSON.stringify(event)},"channel":${JSON.stringify(channel)},"data":${data}}`,
  )

function isSigned(text: string, signature: string): boolean {
  const expected = Buffer.from(createHmac('sha256', secret).update(text).digest('hex'))
  const given = Buffer.from(signature)
  return expected.length === given.length && timingSafeEqual(expected, given)
}

function subscribe(
  ws: WebSocket<Connection>,
  { channel, auth = '', channel_data }: { channel: string; auth?: string; channel_data?: string },
): void {
  if (sign && channel.startsWith('pr')) {
    const text = `${ws.getUserData().socketId}:${channel}${channel_data ? `:${channel_data}` : ''}`
    if (!isSigned(text, auth.slice(auth.indexOf(':') + 1))) {
      ws.send('{"event":"pusher:error","data":{"code":4009,"message":"signature"}}')
      return
    }
  }
  let data = '"{}"'
  if (channel_data !== undefined) {
    const member = JSON.parse(channel_data)
    const roster = rosters.get(channel) ?? { members: 0, ids: '', hash: '' }
    rosters.set(channel, roster)
    const comma = roster.members === 0 ? '' : ','
    roster.members++
    roster.ids += `${comma}"${member.user_id}"`
    roster.hash += `${comma}"${member.user_id}":${JSON.stringify(member.user_info)}`
    data = JSON.stringify(
      `{"presence":{"count":${roster.members},"ids":[${roster.ids}],"hash":{${roster.hash}}}}`,
    )
    publish('pusher_internal:member_added', channel, JSON.stringify(channel_data))
  }
  ws.subscribe(channel)
  ws.send(
    `{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":${data}}`,
  )
}

app.ws<Connection>('/app/:key', {
  idleTimeout: 120,
  maxBackpressure: 1024 * 1024,
  maxPayloadLength: 64 * 1024,
  upgrade: (res, req, context) => {
    res.upgrade<Connection>(
      { socketId: `1.${++connections}` },
      req.getHeader('sec-websocket-key'),
      req.getHeader('sec-websocket-protocol'),
      req.getHeader('sec-websocket-extensions'),
      context,
    )
  },
  open: (ws) => {
    const { socketId } = ws.getUserData()
    ws.send(
      `{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"${socketId}\\",\\"activity_timeout\\":120}"}`,
    )
  },
  message: (ws, bytes) => {
    const { event, channel, data } = JSON.parse(Buffer.from(bytes).toString())
    if (event === 'pusher:ping') ws.send('{"event":"pusher:pong","data":"{}"}')
    else if (event === 'pusher:subscribe') subscribe(ws, data)
    else ws.publish(channel, JSON.stringify({ event, channel, data }))
  },
})

/** Answers a signed POST: `handle` gets the body once it is whole and its signature holds. */
function onPost(path: string, handle: (body: string) => void): void {
  const answer = (res: HttpResponse, url: string, query: string, body: Buffer) => {
    if (sign) {
      const [signed = '', signature = ''] = query.split('&auth_signature=')
      const intact = signed.endsWith(hash('md5', body))
      if (!intact || !isSigned(`POST\n${url}\n${signed}`, signature)) {
        res.writeStatus('401').end('{}')
        return
      }
    }
    handle(body.toString())
    res.end('{}')
  }
  app.post(path, (res, req) => {
    const [url, query] = [req.getUrl(), req.getQuery()]
    let body = Buffer.alloc(0)
    res.onAborted(() => {})
    res.onData((chunk, isLast) => {
      body = body.length === 0 ? Buffer.from(chunk) : Buffer.concat([body, Buffer.from(chunk)])
      if (isLast) answer(res, url, query, body)
      else body = Buffer.from(body) // uWebSockets.js takes the chunk back
    })
  })
}

interface Event {
  readonly name: string
  readonly channel?: string
  readonly channels?: readonly string[]
  readonly data: string
}
const publishEvent = ({ name, channel = '', channels = [channel], data }: Event) => {
  const text = JSON.stringify(data)
  for (const each of channels) publish(name, each, text)
}
onPost('/apps/:id/events', (body) => publishEvent(JSON.parse(body)))
onPost('/apps/:id/batch_events', (body) => {
  for (const event of JSON.parse(body).batch) publishEvent(event)
})

if (options.redis !== undefined) {
  const redis = new Redis(Number(options.redis), '127.0.0.1')
  redis.on('pmessage', (_pattern: string, channel: string, message: string) => {
    const { event, data } = JSON.parse(message)
    publish(event, channel, JSON.stringify(JSON.stringify(data)))
  })
  await redis.psubscribe('*')
}

for (let i = 0; i < listenSockets; i++) {
  app.listen('127.0.0.1', Number(options.port), (socket) => {
    if (!socket) throw new Error(`port ${options.port} is taken`)
  })
}
console.log('listening')

/**
 * What else a port says where Redis does not answer as it was asked: whether it speaks the other language,
 * plain or TLS, and what it says before it closes.
 */
import { createConnection, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { tlsFiles } from '../../redis/connector.ts'
import { addressOf, type RedisTarget, sentinelAddress } from '../../redis/target.ts'

const MILLISECONDS = 1500
const ANSWER_CHARACTERS = 300

/** What a port does with a PING: its answer, and the error by which that ended. */
interface Said {
  readonly text: string
  readonly code: string
  readonly hasHandshake: boolean
}

/** Whatever Redis says first; its errors count, as it is there then. */
const REDIS = /^(?:\+PONG|-[A-Z]{2,})/

export const SPEAKS_TLS = 'It speaks TLS on this port, and is spoken to in plain text.'
export const SPEAKS_PLAIN = 'It speaks plain text on this port, and is spoken to by TLS.'
export const WANTS_CERTIFICATE = 'It asks for a certificate of its authority from its clients.'

/**
 * Asks the first address of a Redis once more, past what its library makes of it. Never rejects.
 * @returns one of the sentences above, or what Redis says; undefined where that tells nothing
 */
export async function secondOpinion(target: RedisTarget): Promise<string | undefined> {
  const { url, cluster, sentinels } = target
  const [sentinel] = sentinels
  const first = cluster[0] ?? url
  if (first === undefined) return undefined
  const address = sentinel === undefined ? addressOf(first) : sentinelAddress(sentinel)
  const plain = (): Promise<Said> => said(createConnection(address))
  // Whether its certificate is good is not the question here, so everything is believed and nothing told.
  const secure = (files: object): Promise<Said> =>
    said(connectTls({ ...address, ...files, rejectUnauthorized: false }), 'secureConnect')
  const isSecure = first.startsWith('rediss:')
  const { text } = await plain()
  if (REDIS.test(text)) return isSecure ? SPEAKS_PLAIN : text
  if (isSecure) {
    const answer = await secure(filesOf(target))
    if (/CERTIFICATE|ALERT|UNKNOWN_CA/i.test(answer.code)) return WANTS_CERTIFICATE
    return REDIS.test(answer.text) ? answer.text : undefined
  }
  return (await secure({})).hasHandshake ? SPEAKS_TLS : undefined
}

function filesOf({ tls }: RedisTarget): object {
  try {
    const { cert, key } = tlsFiles(tls)
    return { cert, key }
  } catch {
    return {} // of a file that cannot be read the first answer tells
  }
}

function said(socket: Socket, ready = 'connect'): Promise<Said> {
  let text = ''
  let code = ''
  let hasHandshake = false
  socket.setTimeout(MILLISECONDS, () => socket.destroy())
  socket.once(ready, () => {
    hasHandshake = true
    socket.write('PING\r\n')
  })
  socket.on('data', (bytes: Buffer) => {
    text = (text + bytes.toString('utf8')).slice(0, ANSWER_CHARACTERS)
    if (text.includes('\n')) socket.destroy()
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    code = `${error.code ?? ''} ${error.message}`
  })
  return new Promise((resolve) => {
    socket.once('close', () => resolve({ text: text.split('\r\n')[0] ?? '', code, hasHandshake }))
  })
}

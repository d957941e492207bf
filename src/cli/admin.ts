/**
 * The way from a command to the server that runs: its admin socket, or its admin port.
 *
 * The socket is found by what `start` was given, also when the configuration has become invalid since.
 * The port that a valid configuration names is asked where there is no socket; what answers there must
 * be the server that is looked for.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { IDENTITY_HEADER } from '../admin/router.ts'
import { identityOf, socketPaths } from '../admin/socket-path.ts'
import { contradiction, StartedWith, startedWith } from '../admin/started-with.ts'
import { loadConfig, processEnvironment } from '../config/load.ts'
import { nameOf } from '../config/options.ts'
import { collectSources, type Flags } from '../config/sources.ts'
import { type ErrorCode, FAULTS, ResoundError } from '../errors.ts'

const TIMEOUT_MILLISECONDS = 10_000

/** What says which server is meant. */
export interface Target extends Flags {
  /** Its admin port, as a URL; nothing else is tried then. */
  readonly adminUrl?: string
}

export type Method = 'GET' | 'POST'

/** One way in. */
interface Door {
  readonly name: string
  readonly isSocket: boolean
  /** Whether its path is one that any configuration could name, and says nothing of the server. */
  readonly isNamed: boolean
  readonly isSecure: boolean
  readonly options: RequestOptions
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** A server that has answered, and by which door. */
export class RunningServer {
  readonly #door: Door

  private constructor(door: Door) {
    this.#door = door
  }

  /** @throws ResoundError RESOUND_SERVER_UNREACHABLE; what the configuration is refused for, where only it knows the port */
  static async find(target: Target, milliseconds = TIMEOUT_MILLISECONDS): Promise<RunningServer> {
    const tried: string[] = []
    for (const find of [explicitDoors, socketDoors, portDoors]) {
      const doors = find(target)
      for (const door of doors) {
        tried.push(door.name)
        const answer = await knock(door, 'GET', '/up', milliseconds)
        if (answer === undefined || answer.status === 421) continue
        if (door.isNamed) await refuseAnother(door, target, milliseconds)
        return new RunningServer(door)
      }
      if (target.adminUrl !== undefined) break
    }
    const places = tried.length === 0 ? 'its admin socket' : tried.join(', ')
    throw new ResoundError(
      'RESOUND_SERVER_UNREACHABLE',
      `No server of this configuration answers at ${places}.`,
    )
  }

  /**
   * Asks it.
   * @param path with its query
   * @param alsoGood a status beside 200 that is no refusal
   * @returns the answer's JSON
   * @throws ResoundError RESOUND_SERVER_REFUSED for any other answer, or the fault that it names
   */
  async ask(
    method: Method,
    path: string,
    milliseconds = TIMEOUT_MILLISECONDS,
    alsoGood = 200,
  ): Promise<unknown> {
    return JSON.parse(await this.#answer(method, path, milliseconds, alsoGood))
  }

  /** As `ask`, for what is not JSON. @returns the answer's text */
  askText(path: string): Promise<string> {
    return this.#answer('GET', path, TIMEOUT_MILLISECONDS)
  }

  async #answer(
    method: Method,
    path: string,
    milliseconds: number,
    alsoGood = 200,
  ): Promise<string> {
    const { name } = this.#door
    const answer = await knock(this.#door, method, path, milliseconds)
    if (answer === undefined) {
      throw new ResoundError('RESOUND_SERVER_UNREACHABLE', `The server at ${name} does not answer.`)
    }
    if (answer.status === 200 || answer.status === alsoGood) return answer.body
    const { error, fault } = refusalIn(answer)
    if (fault !== undefined && fault !== 'RESOUND_SERVER_REFUSED')
      throw new ResoundError(fault, error)
    throw refused(name, answer.status, error)
  }

  /**
   * Asks for what goes on.
   * @returns each message of its stream of server-sent events, as JSON, until the server ends it
   * @throws ResoundError as `ask` does
   */
  async *follow(path: string, signal?: AbortSignal): AsyncGenerator<unknown, void, void> {
    const { name } = this.#door
    const response = await open(this.#door, path, signal)
    if (response === undefined) {
      throw new ResoundError('RESOUND_SERVER_UNREACHABLE', `The server at ${name} does not answer.`)
    }
    if (response.statusCode !== 200) {
      const answer = { status: response.statusCode ?? 0, body: await text(response) }
      throw refused(name, answer.status, refusalIn(answer).error)
    }
    // It sends something every few seconds: one that does not is gone without a word.
    response.setTimeout(SILENCE_MILLISECONDS, () => response.destroy())
    try {
      for await (const line of createInterface({ input: response })) {
        if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
      }
    } catch (fault) {
      if (!response.destroyed) throw fault // else it is over, however that came
    } finally {
      response.destroy()
    }
  }

  /**
   * Waits until it is gone, with its process where that can be seen from here.
   * @returns whether it is
   */
  async isGone(pid: number, milliseconds: number): Promise<boolean> {
    const end = Date.now() + milliseconds
    for (;;) {
      const answer = await knock(this.#door, 'GET', '/up', TIMEOUT_MILLISECONDS)
      if (answer === undefined || answer.status >= 500) break
      if (Date.now() > end) return false
      await pause(POLL_MILLISECONDS)
    }
    // The door closes a moment before the process ends. Another process may have its number, elsewhere.
    const endOfProcess = Date.now() + PROCESS_MILLISECONDS
    while (this.#door.isSocket && isRunning(pid) && Date.now() < endOfProcess) {
      await pause(POLL_MILLISECONDS)
    }
    return true
  }
}

const SILENCE_MILLISECONDS = 15_000
const POLL_MILLISECONDS = 100
const PROCESS_MILLISECONDS = 5000

/** Asks the server that a target means. @throws ResoundError as `RunningServer` does */
export async function askServer(target: Target, method: Method, path: string): Promise<unknown> {
  return (await RunningServer.find(target)).ask(method, path)
}

function explicitDoors({ adminUrl }: Target): readonly Door[] {
  if (adminUrl === undefined) return []
  const { protocol, hostname, port } = new URL(adminUrl)
  const isSecure = protocol === 'https:'
  const options = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    headers: authorization(processEnvironment()['RESOUND_ADMIN_TOKEN']),
  }
  return [{ name: adminUrl, isSocket: false, isNamed: false, isSecure, options }]
}

function socketDoors(target: Target): readonly Door[] {
  if (process.platform === 'win32') return []
  const environment = processEnvironment()
  const named = collectSources(target, environment, process.cwd())
    .settings.filter(({ path }) => nameOf(path) === 'admin.socket')
    .at(-1)?.value
  const paths =
    typeof named === 'string'
      ? [named]
      : socketPaths(identityOf(target, environment, process.cwd()), environment)
  return paths.map((socketPath) => ({
    name: socketPath,
    isSocket: true,
    isNamed: typeof named === 'string',
    isSecure: false,
    options: { socketPath },
  }))
}

function portDoors(target: Target): readonly Door[] {
  const { admin } = loadConfig({ flags: target }).config
  if (admin.port === 0) return [] // a free one, which nobody can know
  const identity = identityOf(target, processEnvironment(), process.cwd())
  const options = {
    host: hostOf(admin.host),
    port: admin.port,
    headers: { ...authorization(admin.token), [IDENTITY_HEADER]: identity },
  }
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  const name = `http://${host}:${admin.port}`
  return [{ name, isSocket: false, isNamed: false, isSecure: false, options }]
}

/** @throws ResoundError where it is not the server that is meant, as far as both were told */
async function refuseAnother(door: Door, target: Target, milliseconds: number): Promise<void> {
  const answer = await knock(door, 'GET', '/started-with', milliseconds)
  if (answer?.status !== 200) return // of a release that does not say
  const meant = startedWith(target, processEnvironment(), process.cwd())
  const why = contradiction(meant, StartedWith.parse(JSON.parse(answer.body)))
  if (why === undefined) return
  throw new ResoundError(
    'RESOUND_SERVER_UNREACHABLE',
    `Another server than the one that is meant answers at ${door.name}: it ${why}.`,
    { remedy: 'Name that server as it was started, or give this one an admin.socket of its own.' },
  )
}

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined || token === '' ? {} : { Authorization: `Bearer ${token}` }
}

/** An address to reach what listens on `host`. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

/** One request. @returns undefined without an answer in time */
async function knock(
  { options, isSecure }: Door,
  method: Method,
  path: string,
  milliseconds: number,
): Promise<Answer | undefined> {
  const signal = AbortSignal.timeout(milliseconds)
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const ask = isSecure ? httpsRequest : httpRequest
      const headers = { ...options.headers }
      const request = ask(
        { ...options, method, path, headers, signal, agent: false },
        (response) => {
          text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
        },
      )
      request.once('error', reject)
      request.end()
    })
  } catch {
    return undefined // whatever the reason, nobody answers there
  }
}

/** Asks for an answer that goes on. @returns undefined where nobody begins to answer in time */
function open(
  { options, isSecure }: Door,
  path: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage | undefined> {
  return new Promise((resolve) => {
    const ask = isSecure ? httpsRequest : httpRequest
    const request = ask({ ...options, path, agent: false, signal }, (response) => {
      request.setTimeout(0)
      response.once('error', () => undefined) // its end is what is looked at
      resolve(response)
    })
    request.setTimeout(TIMEOUT_MILLISECONDS, () => request.destroy())
    request.once('error', () => resolve(undefined))
    request.end()
  })
}

function refused(name: string, status: number, error: string): ResoundError {
  const isOfToken = status === 401 || status === 403
  return new ResoundError('RESOUND_SERVER_REFUSED', `The server at ${name} refuses: ${error}`, {
    ...(isOfToken ? {} : { remedy: 'Correct what the message names.' }),
  })
}

function refusalIn({ status, body }: Answer): { error: string; fault: ErrorCode | undefined } {
  try {
    const { error, fault } = JSON.parse(body)
    const isKnown = typeof fault === 'string' && Object.hasOwn(FAULTS, fault)
    return { error: String(error), fault: isKnown ? (fault as ErrorCode) : undefined }
  } catch {
    return { error: `status ${status}`, fault: undefined } // not one of ours
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })

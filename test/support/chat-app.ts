/** A chat application on Laravel's redis driver: its answers to who may join, and a page with Echo. */
import path from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import type { TestServer } from './server.ts'
import { SNIPPETS } from './snippets.ts'
import { type Asked, Upstream } from './upstream.ts'

const PEOPLE: Readonly<Record<string, { id: number; name: string }>> = {
  ann: { id: 1, name: 'Ann' },
  bob: { id: 2, name: 'Bob' },
}

type Respond = Extract<Upstream['answer'], (...given: never[]) => unknown>

/**
 * What the redis driver answers to whom a bearer token or a session names. Everybody may be in a
 * `presence-` channel, and in the private one of their own.
 */
export const redisDriver: Respond = (response, { path: asked, headers, form }) => {
  const person = PEOPLE[nameIn(headers)]
  const channel = form.get('channel_name') ?? ''
  const answer = (status: number, body: unknown): void =>
    void response.writeHead(status, { 'Content-Type': 'text/html' }).end(JSON.stringify(body))
  if (person === undefined) return answer(401, { message: 'Unauthenticated.' })
  const { id, name } = person
  if (asked === '/broadcasting/user-auth') return answer(200, { id, user_info: { name } })
  if (channel.startsWith('presence-')) {
    return answer(200, { channel_data: { user_id: id, user_info: { name } } })
  }
  return channel === `private-users.${id}` || channel.startsWith('private-encrypted-')
    ? answer(200, true)
    : answer(403, { message: '' })
}

const nameIn = ({ authorization = '', cookie = '' }: Asked['headers']): string =>
  /^Bearer (\w+)$/.exec(authorization)?.[1] ?? /laravel_session=(\w+)/.exec(cookie)?.[1] ?? ''

/** The application with a page of its own. Resound has another port, and so another origin. */
export class ChatApp implements AsyncDisposable {
  readonly upstream: Upstream
  #script = ''

  private constructor(upstream: Upstream) {
    this.upstream = upstream
    upstream.answer = (response, asked) => {
      if (asked.method === 'POST') return redisDriver(response, asked)
      const isScript = asked.path === '/page.js'
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? this.#script : '<!DOCTYPE html><script src="page.js"></script>')
    }
  }

  static async start(): Promise<ChatApp> {
    return new ChatApp(await Upstream.start())
  }

  get origin(): string {
    return this.upstream.url
  }

  /** What it was asked to authorise. */
  get asked(): readonly Asked[] {
    return this.upstream.asked.filter(({ method }) => method === 'POST')
  }

  /**
   * Opens the page in a browser of its own.
   * @param setup of Echo: a file of docs/snippets
   * @param before a script that runs before the page's
   */
  async open(
    browser: Browser,
    { app, host, port }: TestServer,
    setup: string,
    before: string,
  ): Promise<Page & AsyncDisposable> {
    const variables = {
      VITE_REVERB_APP_ID: app.id,
      VITE_REVERB_APP_KEY: app.key,
      VITE_REVERB_HOST: host,
      VITE_REVERB_PORT: String(port),
      VITE_REVERB_SCHEME: 'http',
    }
    const { outputFiles } = await build({
      entryPoints: [path.join(SNIPPETS, setup)],
      bundle: true,
      write: false,
      platform: 'browser',
      define: { 'import.meta.env': JSON.stringify(variables) },
    })
    this.#script = outputFiles[0]?.text ?? ''
    const context = await browser.newContext()
    await context.addInitScript(before)
    const page = await context.newPage()
    await page.goto(this.origin)
    return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.upstream[Symbol.asyncDispose]()
  }
}

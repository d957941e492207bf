/** The web console of a started server, in Chromium. */
import type { Browser, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { StartedServer } from './command.ts'
import { eventually } from './eventually.ts'
import { PATIENCE_MILLISECONDS } from './patience.ts'
import { Application } from './pusher.ts'
import { STARTED_APP } from './pusher-sockets.ts'

/** The app of a server that is started with `STARTED_APP`. */
export const applicationOf = ({ port }: StartedServer): Application =>
  new Application({
    host: '127.0.0.1',
    port,
    app: {
      id: STARTED_APP.RESOUND_APP_ID,
      key: STARTED_APP.RESOUND_APP_KEY,
      secret: STARTED_APP.RESOUND_APP_SECRET,
    },
  })

/** A member whose page is closed is gone at once, and not in the way of the next test. */
export const AT_ONCE = { RESOUND_PRESENCE_LINGER_SECONDS: '0' } as const

/** Where `resound console` says that the console is, with its key. */
export async function linkOf(server: StartedServer): Promise<string> {
  const { stdout, stderr, code } = await server.command('console')
  if (code !== 0) throw new Error(stderr)
  return stdout.trim()
}

/** A console in a browser of its own, and whatever went wrong there. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page
  /** What the browser complained of: its policy, scripts, answers. */
  readonly problems: string[] = []
  /** All that was asked for. */
  readonly requests: URL[] = []

  private constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(PATIENCE_MILLISECONDS)
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.problems.push(message.text())
    })
    page.on('pageerror', (fault) => this.problems.push(fault.message))
    page.on('request', (request) => this.requests.push(new URL(request.url())))
  }

  static async open(
    browser: Browser,
    url: string,
    options: {
      readonly colorScheme?: 'light' | 'dark'
      readonly width?: number
      /** Its time can be turned by hand (`page.clock`), and goes by itself until then. */
      readonly hasClock?: boolean
    } = {},
  ): Promise<ConsolePage> {
    const { colorScheme = 'light', width = 1280, hasClock = false } = options
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
    const console = new ConsolePage(await context.newPage())
    if (hasClock) await console.page.clock.install()
    await console.page.goto(url)
    return console
  }

  /** Opens one of its pages, as its address says. */
  async go(page: string, title: string): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = `#/${to}`
    }, page)
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor()
  }

  /** Does something, and waits until what it makes the page ask for is being answered. */
  async answered(path: RegExp, act: () => Promise<unknown>): Promise<void> {
    await Promise.all([this.page.waitForResponse(path), act()])
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true })
  }

  /** The row of a table with this text. */
  row(text: string): Locator {
    return this.page.getByRole('row').filter({ hasText: text })
  }

  text(text: string): Promise<void> {
    return this.page.getByText(text).first().waitFor()
  }

  /** Resolves when a figure of the overview is this. */
  figure(name: string, value: string): Promise<void> {
    const figure = this.page.locator(`[data-figure=${name}]`)
    return eventually(async () => expect(await figure.textContent()).toBe(value))
  }

  /** Resolves when the live figures are in this state. */
  async stream(state: string): Promise<void> {
    await this.page.locator(`header [data-stream=${state}]`).waitFor()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
  }
}

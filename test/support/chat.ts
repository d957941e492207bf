/** The application's chat page (`test/browser/page`) in Chromium. */
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Person } from './laravel.ts'

const PATIENCE_MS = 10_000

/** Logs in through the application's form, which leads to the chat page. */
export async function logIn(page: Page, origin: string, { name, password }: Person): Promise<void> {
  await page.goto(`${origin}/login`)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: 'Log out' }).waitFor()
}

/** The page in a browser of its own. Disposing of it closes that, and asserts that no script failed. */
export class Chat implements AsyncDisposable {
  readonly page: Page
  readonly #errors: Error[] = []

  private constructor(page: Page) {
    this.page = page
    page.on('pageerror', (error) => this.#errors.push(error))
  }

  /** Opens the application in a browser of its own, and logs in through its form. */
  static async open(browser: Browser, origin: string, person: Person): Promise<Chat> {
    const context = await browser.newContext({ viewport: { width: 1180, height: 560 } })
    context.setDefaultTimeout(PATIENCE_MS)
    await context.clock.install() // goes as ever, until a test turns it
    const chat = new Chat(await context.newPage())
    await logIn(chat.page, origin, person)
    return chat
  }

  /** Waits until the page is subscribed to this many channels. */
  async subscribed(count: number): Promise<void> {
    await this.page
      .locator('#channels li[data-state=subscribed]')
      .nth(count - 1)
      .waitFor()
  }

  /** The texts of a list, once it has this many. */
  async rows(list: 'members' | 'messages', count: number): Promise<string[]> {
    const rows = this.page.locator(`#${list} li`)
    await rows.nth(count - 1).waitFor()
    return rows.allTextContents()
  }

  /** The events that came in, once there are this many: their names, channels and data. */
  async events(count: number): Promise<unknown[]> {
    const rows = this.page.locator('#events li')
    await rows.nth(count - 1).waitFor()
    return rows.evaluateAll((all) =>
      all.map(({ childNodes: [event, channel, data] }) => [
        event?.textContent,
        channel?.textContent,
        JSON.parse(data?.textContent ?? ''),
      ]),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
    expect(this.#errors).toEqual([])
  }
}

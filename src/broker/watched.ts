/**
 * Users whom somebody on this node watches, and whether they are signed in anywhere. Tells each change
 * once, however often it hears of it.
 */

interface Status {
  readonly appId: string
  readonly userId: string
  isOnline: boolean
  /** The number of the change that made it so. */
  number: number
  watchers: number
}

/** Asks Redis who of them is signed in. @returns undefined where it does not answer */
export type AskWho = (
  appId: string,
  userIds: readonly string[],
) => Promise<{ number: number; present: readonly boolean[] } | undefined>

/** Users of one question. */
const ASKED_AT_ONCE = 500

export class Watched {
  readonly #statuses = new Map<string, Status>()
  readonly #announce: (appId: string, userId: string, isOnline: boolean) => void
  readonly #ask: AskWho

  constructor(parts: {
    ask: AskWho
    announce: (appId: string, userId: string, isOnline: boolean) => void
  }) {
    this.#ask = parts.ask
    this.#announce = parts.announce
  }

  /**
   * Watches users for one connection, until each is unwatched.
   * @returns which are online, once Redis has told; as far as it is known where it does not
   */
  async watch(appId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const statuses = userIds.map((userId) => this.#watch(appId, userId))
    await this.#refresh(appId, statuses, false)
    return new Set(statuses.filter(({ isOnline }) => isOnline).map(({ userId }) => userId))
  }

  unwatch(appId: string, userIds: readonly string[]): void {
    for (const userId of userIds) {
      const status = this.#statuses.get(keyOf(appId, userId))
      if (status === undefined) continue
      status.watchers -= 1
      if (status.watchers === 0) this.#statuses.delete(keyOf(appId, userId))
    }
  }

  /** @param number of the change; 0 where only this node knows of it */
  changed(appId: string, userId: string, isOnline: boolean, number: number): void {
    const status = this.#statuses.get(keyOf(appId, userId))
    if (status === undefined || (number !== 0 && number <= status.number)) return
    this.#set(status, isOnline, number, true)
  }

  /** These may be other data, which are numbered anew. */
  forgetNumbers(): void {
    for (const status of this.#statuses.values()) status.number = 0
  }

  /** Asks anew about all of them: something may have been missed. */
  async refresh(): Promise<void> {
    const byApp = new Map<string, Status[]>()
    for (const status of this.#statuses.values()) {
      const own = byApp.get(status.appId)
      if (own === undefined) byApp.set(status.appId, [status])
      else own.push(status)
    }
    for (const [appId, statuses] of byApp) await this.#refresh(appId, statuses, true)
  }

  #watch(appId: string, userId: string): Status {
    const key = keyOf(appId, userId)
    const status = this.#statuses.get(key) ?? {
      appId,
      userId,
      isOnline: false,
      number: 0,
      watchers: 0,
    }
    status.watchers += 1
    this.#statuses.set(key, status)
    return status
  }

  async #refresh(appId: string, statuses: readonly Status[], isNews: boolean): Promise<void> {
    for (let from = 0; from < statuses.length; from += ASKED_AT_ONCE) {
      const asked = statuses.slice(from, from + ASKED_AT_ONCE)
      const answer = await this.#ask(
        appId,
        asked.map(({ userId }) => userId),
      )
      if (answer === undefined) return
      const { number, present } = answer
      for (const [index, status] of asked.entries()) {
        // Others watch them already where there is more than one watcher.
        const isTold = isNews || status.watchers > 1
        if (number >= status.number) this.#set(status, present[index] === true, number, isTold)
      }
    }
  }

  #set(status: Status, isOnline: boolean, number: number, isTold: boolean): void {
    status.number = Math.max(status.number, number)
    if (status.isOnline === isOnline) return
    status.isOnline = isOnline
    if (isTold) this.#announce(status.appId, status.userId, isOnline)
  }
}

const keyOf = (appId: string, userId: string): string => `${appId}\n${userId}`

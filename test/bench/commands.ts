/** What is asked of a Redis, and what its scripts do on their own, as MONITOR shows it. */
import { Redis } from 'ioredis'

/** Commands a second. */
export interface CommandRate {
  /** Sent by clients. */
  readonly sent: number
  /** Called by the scripts that they sent. */
  readonly inScripts: number
}

interface Seen {
  readonly atSeconds: number
  readonly isInScript: boolean
}

/** More than a load sends; a Redis that is asked more than this is not idle. */
const MOST_SEEN = 5_000_000

export class CommandWatch {
  readonly #client: Redis
  readonly #monitor: Redis
  readonly #seen: Seen[] = []

  private constructor(client: Redis, monitor: Redis) {
    this.#client = client
    this.#monitor = monitor
    monitor.on('monitor', (time: string, _command: string[], source: string) => {
      if (this.#seen.length >= MOST_SEEN) return
      this.#seen.push({ atSeconds: Number(time), isInScript: source === 'lua' })
    })
  }

  static async start(port: number): Promise<CommandWatch> {
    const client = new Redis(port, '127.0.0.1')
    return new CommandWatch(client, await client.monitor())
  }

  /** What was asked in so many seconds, until so many seconds ago. */
  rate(seconds: number, agoSeconds: number): CommandRate {
    const end = Date.now() / 1000 - agoSeconds
    const seen = this.#seen.filter(({ atSeconds: at }) => at > end - seconds && at <= end)
    const inScripts = seen.filter(({ isInScript }) => isInScript).length
    return { sent: (seen.length - inScripts) / seconds, inScripts: inScripts / seconds }
  }

  stop(): void {
    this.#monitor.disconnect()
    this.#client.disconnect()
  }
}

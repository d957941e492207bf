/**
 * What is live of one app on this node: its connections, channels and signed-in users.
 */
import type { App } from '../apps/app.ts'
import type { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import { Tally } from './tally.ts'
import { Users } from './users.ts'

export class LiveApp {
  readonly app: App
  /** By socket id. */
  readonly connections = new Map<string, Connection>()
  /** By name; only channels with a subscriber. */
  readonly channels = new Map<string, Channel>()
  readonly users = new Users()
  readonly tally = new Tally()

  constructor(app: App) {
    this.app = app
  }

  /** The transport topic of a channel: no channel name holds a line break, so apps cannot meet. */
  topicOf(channel: string): string {
    return `${this.app.id}\n${channel}`
  }

  /** The topic of those who watch whether a user is online. */
  watchTopicOf(userId: string): string {
    return `${this.app.id}\nwatch\n${userId}`
  }
}

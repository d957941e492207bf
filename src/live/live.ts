/**
 * What is there now, on all nodes: channels, their members, connections and users, and what an operator
 * does to them.
 *
 * Channels and members are known to the broker. Connections and users are asked of every node; one that
 * does not answer in time is named.
 */
import { kindOf } from '../../channels/kinds.ts'
import type { App } from '../apps/app.ts'
import type { AppSource } from '../apps/app-source.ts'
import type { Broker } from '../broker/broker.ts'
import { First } from '../first.ts'
import { postEvents } from '../http-api/events.ts'
import type { Hub } from '../hub/hub.ts'
import { Here } from './here.ts'
import { pageOver, together } from './page.ts'
import {
  type Answer,
  type Answering,
  type NodeName,
  Part,
  Question,
  type QuestionOf,
  refused,
} from './question.ts'

/** The other nodes. */
export interface Peers {
  /**
   * Asks every node something.
   * @returns what those answered who did in time, and who did not
   * @throws ResoundError RESOUND_REDIS_UNREACHABLE
   */
  ask(question: object): Promise<{
    readonly answers: readonly unknown[]
    readonly silent: readonly NodeName[]
  }>
  /** Whoever answers here what others ask; undefined for no answer. Called once. */
  answerBy(answer: (question: unknown) => Promise<object | undefined>): void
}

export interface LiveParts {
  readonly apps: AppSource
  readonly hub: Hub
  readonly broker: Broker
  /** Undefined for a node by itself. */
  readonly peers: Peers | undefined
}

type Shared = QuestionOf<'connections' | 'users' | 'close' | 'disconnect'>

/** App ids that a refusal names. */
const MOST_NAMED = 20

export class Live implements Answering {
  readonly #parts: LiveParts
  readonly #here: Here

  constructor(parts: LiveParts) {
    this.#parts = parts
    this.#here = new Here(parts.hub)
    parts.peers?.answerBy((question) => this.#answerPeer(question))
  }

  async ask(question: Question): Promise<Answer> {
    const isWhole = this.#parts.peers !== undefined
    const apps = this.#appsOf(question)
    if (!Array.isArray(apps)) return { part: apps as Part, silentNodes: [], isWhole }
    switch (question.of) {
      case 'channels':
        return { part: await this.#channels(apps, question), silentNodes: [], isWhole }
      case 'members':
        return { part: await this.#members(apps, question), silentNodes: [], isWhole }
      case 'app':
        return { part: { rows: [], isCut: false }, silentNodes: [], isWhole: true }
      case 'publish':
        return { part: await this.#publish(apps, question), silentNodes: [], isWhole }
      case 'connections':
      case 'users':
      case 'close':
      case 'disconnect':
        return this.#askAll(apps, question)
    }
  }

  async #askAll(apps: readonly App[], question: Shared): Promise<Answer> {
    const { peers } = this.#parts
    const asked = peers?.ask(question)
    // What changes something is refused as a whole where the others cannot be asked: they come first.
    if (question.of === 'close' || question.of === 'disconnect') await asked
    const own = this.#answer(apps, question) // else they look while this node does
    const [{ answers, silent }, part] = await Promise.all([asked ?? NOBODY, own])
    const parts = answers.flatMap((answer) => Part.safeParse(answer).data ?? [])
    const limit = 'limit' in question ? question.limit : 0
    return {
      part: together([part, ...parts], limit),
      silentNodes: silent,
      isWhole: peers !== undefined,
    }
  }

  /** What another node asks, of this node alone. An app that is not served here has nothing here. */
  async #answerPeer(asked: unknown): Promise<Part | undefined> {
    const { data: question } = Question.safeParse(asked)
    if (question === undefined) return undefined // of a release that asks more
    const { of, app: id } = question
    if (of === 'channels' || of === 'members' || of === 'publish' || of === 'app') return undefined
    const app = id === undefined ? undefined : this.#parts.apps.byId(id)
    const apps = id === undefined ? [...this.#parts.apps.all()] : app === undefined ? [] : [app]
    return this.#answer(apps, question)
  }

  #answer(apps: readonly App[], question: Shared): Part | Promise<Part> {
    switch (question.of) {
      case 'connections':
        return this.#here.connections(apps, question)
      case 'users':
        return this.#here.users(apps, question)
      case 'close':
        return this.#here.close(apps, question)
      case 'disconnect':
        return this.#here.disconnect(apps, question)
    }
  }

  #channels(apps: readonly App[], question: QuestionOf<'channels'>): Promise<Part> {
    const { broker } = this.#parts
    return pageOver(apps, question, async (app, { most, after }) => {
      const names = await broker.channelsAfter(app, question.prefix, after, most)
      if (names.length === 0) return []
      const presence = names.filter((name) => kindOf(name).name === 'presence')
      const [subscriptions, users] = await Promise.all([
        broker.subscriptionCounts(app, names),
        presence.length === 0 ? [] : broker.userCounts(app, presence),
      ])
      const members = new Map(presence.map((name, index) => [name, users[index] ?? 0]))
      return names.map((name, index) => {
        const row = { app: app.id, name, count: subscriptions[index] ?? 0 }
        const users = members.get(name)
        return users === undefined ? row : { ...row, members: users }
      })
    })
  }

  async #members(apps: readonly App[], question: QuestionOf<'members'>): Promise<Part> {
    const { channel } = question
    if (kindOf(channel).name !== 'presence') {
      return refused(
        400,
        'Only presence channels have members: the name must begin with presence-.',
      )
    }
    return pageOver(apps, question, async (app, { most, after }) => {
      const first = new First<string>(most, after)
      const members = await this.#parts.broker.members(app, channel)
      for (const { userId, userInfo } of members) first.add(userId, userInfo)
      return first.entries().map(([name, info]) => ({ app: app.id, name, count: 1, info }))
    })
  }

  async #publish([app]: readonly App[], { body }: QuestionOf<'publish'>): Promise<Part> {
    const { hub, broker } = this.#parts
    if (app === undefined) throw new Error('an event is published to one app')
    if (!app.settings.enabled) return refused(403, `The app ${app.id} is disabled.`)
    const { status, body: text } = await postEvents(
      { ...(body as object), info: 'subscription_count' },
      { app, hub, broker, receivedAt: performance.now() },
    )
    const answer = JSON.parse(text)
    if (status !== 200) return refused(status, answer.error)
    const [channel = { subscription_count: 0 }] = Object.values<{ subscription_count: number }>(
      answer.channels,
    )
    return { subscriptions: channel.subscription_count }
  }

  /** The apps that a question is about; where it has to be one, the only one need not be named. */
  #appsOf({ of, app: id }: Question): App[] | Part {
    const { apps } = this.#parts
    const all = [...apps.all()]
    if (id !== undefined) {
      const app = apps.byId(id)
      if (app !== undefined) return [app]
      return refused(404, `No app has the id ${id.slice(0, 100)}. ${namesOf(all)}`)
    }
    const isOfOne = of === 'members' || of === 'publish' || of === 'disconnect'
    if (!isOfOne || all.length === 1) return all
    return refused(400, `Name the app. ${namesOf(all)}`)
  }
}

const NOBODY = { answers: [], silent: [] }

function namesOf(apps: readonly App[]): string {
  if (apps.length === 0) return 'There is no app.'
  const names = apps.slice(0, MOST_NAMED).map(({ id }) => id)
  const more = apps.length - names.length
  return `There is ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`
}

/**
 * What an operator asks about what is there now, and what is answered: between an admin route and the
 * workers, and between nodes.
 *
 * Two releases may run side by side, so fields are added and never renamed, and a question that is not
 * known is not answered.
 */
import { z } from 'zod'

/** Most rows of one answer. */
export const MOST_ROWS = 1000

/** No app id, name or user id that there is can be longer. */
const text = z.string().max(64 * 1024)

/** Where a page goes on: after the row of this app and name. */
const After = z.tuple([text, text])
export type After = z.infer<typeof After>

const page = { limit: z.int().min(1).max(MOST_ROWS), after: After.optional() }

export const Question = z.discriminatedUnion('of', [
  z.object({ of: z.literal('channels'), app: text.optional(), prefix: text, ...page }),
  z.object({ of: z.literal('members'), app: text.optional(), channel: text, ...page }),
  z.object({
    of: z.literal('connections'),
    app: text.optional(),
    channel: text.optional(),
    user: text.optional(),
    ...page,
  }),
  z.object({ of: z.literal('users'), app: text.optional(), prefix: text, ...page }),
  z.object({
    of: z.literal('close'),
    app: text.optional(),
    socketId: text,
    /** Whether its client is to come back at once. */
    reconnects: z.boolean(),
  }),
  z.object({
    of: z.literal('disconnect'),
    app: text.optional(),
    userId: text,
    reconnects: z.boolean(),
  }),
  /** Whether it is there: refused where it is not. */
  z.object({ of: z.literal('app'), app: text }),
  /** The body is as the HTTP API takes it. */
  z.object({ of: z.literal('publish'), app: text.optional(), body: z.unknown() }),
])
export type Question = z.infer<typeof Question>
export type QuestionOf<Of extends Question['of']> = Question & { of: Of }

/** A row of a list. Rows are in the order of app and name, compared by their UTF-16 units. */
const Row = z.object({
  app: z.string(),
  /** Of a channel; the socket id of a connection; the id of a user. */
  name: z.string(),
  /** Subscriptions of a channel; channels of a connection; connections of a user. */
  count: z.int(),
  /** Users in a presence channel. */
  members: z.int().optional(),
  /** Of a member: what the app says of the user, as JSON. */
  info: z.string().optional(),
  connection: z
    .object({
      node: z.string(),
      userId: z.string().nullable(),
      openedAt: z.string(),
      bufferedBytes: z.int(),
    })
    .optional(),
})
export type Row = z.infer<typeof Row>

/** What one node, or some of them together, answer. */
export const Part = z.union([
  /** @property isCut whether more rows follow */
  z.object({ rows: z.array(Row).max(MOST_ROWS), isCut: z.boolean() }),
  z.object({ closed: z.int() }),
  z.object({ subscriptions: z.int() }),
  z.object({ refused: z.object({ status: z.int(), text: z.string() }) }),
])
export type Part = z.infer<typeof Part>
export type Rows = Extract<Part, { rows: unknown }>

/** A node, as operators know it. */
export interface NodeName {
  /** Host and process id, as connections name it. */
  readonly node: string
  readonly host: string
  readonly pid: number
  readonly version: string
}

export interface Answer {
  readonly part: Part
  /** Nodes that did not say in time what they have. */
  readonly silentNodes: readonly NodeName[]
  /** Whether it stands for all nodes; otherwise other processes of this server may have more. */
  readonly isWhole: boolean
}

/** Who can be asked. */
export interface Answering {
  /** @throws ResoundError where that cannot be known now */
  ask(question: Question): Promise<Answer>
}

export const nodeOf = (host: string, pid: number): string => `${host}:${pid}`

export const refused = (status: number, text: string): Part => ({ refused: { status, text } })

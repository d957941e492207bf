/**
 * A question to every other node: said on the bus, answered in a list in Redis that only who asks reads.
 * On the bus each node would hear what all others answer.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Peers } from '../live/live.ts'
import { type NodeName, nodeOf } from '../live/question.ts'
import { encodeRecord } from './envelope.ts'
import type { NodeShard } from './node-shard.ts'

/** For all to answer. One that is that late is named instead. */
const MOST_WAIT_MS = 1000
/** Between looking for answers: at first nobody can have answered, later somebody is slow. */
const FIRST_WAIT_MS = 4
const LONGEST_WAIT_MS = 50
/** Answers that are read at once: a full page is some 100 kB. */
const TAKEN_AT_ONCE = 4

const About = z.object({ host: z.string(), pid: z.int(), version: z.string() })
const Answered = z.object({ node: z.string(), answer: z.unknown() })

/**
 * @param node what this process calls itself
 * @throws whatever Redis does not do
 */
export async function askPeers(
  { store, bus }: Pick<NodeShard, 'store' | 'bus'>,
  node: string,
  question: object,
  clock: Clock,
): ReturnType<Peers['ask']> {
  const awaited = new Map<string, NodeName>()
  for (const [incarnation, about] of await store.names()) {
    const id = nodeOfIncarnation(incarnation)
    if (id !== node) awaited.set(id, nameOf(id, about))
  }
  const answers: unknown[] = []
  if (awaited.size === 0) return { answers, silent: [] }
  const id = randomBytes(16).toString('hex')
  await bus.say(encodeRecord({ type: 'question', id, question }))
  const end = clock.now() + MOST_WAIT_MS
  for (let wait = FIRST_WAIT_MS; awaited.size > 0; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    await pause(clock, wait)
    const taken = await store.takeAnswers(id, TAKEN_AT_ONCE)
    for (const text of taken) {
      const { data } = Answered.safeParse(parsed(text))
      if (data !== undefined && awaited.delete(data.node)) answers.push(data.answer)
    }
    if (taken.length > 0) wait = FIRST_WAIT_MS
    else if (clock.now() >= end) break
  }
  return { answers, silent: [...awaited.values()] }
}

/** An incarnation is called by its node, a hyphen and a number. */
const nodeOfIncarnation = (incarnation: string): string => incarnation.replace(/-\d+$/, '')

/** By what a node says of itself; it may be of another release. */
function nameOf(id: string, about: string): NodeName {
  const { data } = About.safeParse(parsed(about))
  if (data === undefined) return { node: id, host: 'unknown', pid: 0, version: 'unknown' }
  return { node: nodeOf(data.host, data.pid), ...data }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // of nobody that is known
  }
}

const pause = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(milliseconds, resolve)
  })

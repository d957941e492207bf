/**
 * What is there now in a process group. Where nodes share a Redis, one worker speaks for all of them;
 * without it every worker is asked, those that let their connections go included.
 */
import { hostname } from 'node:os'
import { ResoundError } from '../errors.ts'
import { together } from '../live/page.ts'
import type { Answer, Answering, NodeName, Question } from '../live/question.ts'
import { nodeOf } from '../live/question.ts'
import { version } from '../version.ts'
import type { Worker } from './worker.ts'

export class GroupLive implements Answering {
  readonly #workers: () => readonly Worker[]

  /** @param workers those there are, of all generations, the current one first */
  constructor(workers: () => readonly Worker[]) {
    this.#workers = workers
  }

  async ask(question: Question): Promise<Answer> {
    const workers = this.#workers()
    const first = workers.find(({ readiness }) => readiness.ready) ?? workers[0]
    if (first === undefined) {
      throw new ResoundError('RESOUND_WORKER_ENDED', 'No worker is there at the moment.')
    }
    const answer = await first.live.ask(question)
    if (answer.isWhole || 'refused' in answer.part) return answer
    const silentNodes: NodeName[] = []
    const others = workers.filter((worker) => worker !== first)
    const parts = await Promise.all(
      others.map(async ({ live, pid }) => {
        try {
          const { part } = await live.ask(question)
          return 'refused' in part ? [] : part // an app that is new is not served there
        } catch {
          silentNodes.push({ node: nodeOf(hostname(), pid), host: hostname(), pid, version })
          return []
        }
      }),
    )
    const limit = 'limit' in question ? question.limit : 0
    return { part: together([answer.part, ...parts.flat()], limit), silentNodes, isWhole: true }
  }
}

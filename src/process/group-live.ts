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

/** Workers of which one may answer; each is given a few seconds. */
const MOST_TRIED = 3

export class GroupLive implements Answering {
  readonly #workers: () => readonly Worker[]
  /** Those that did not answer the last time: others are asked before them. */
  readonly #silent = new WeakSet<Worker>()

  /** @param workers those there are, of all generations, the current one first */
  constructor(workers: () => readonly Worker[]) {
    this.#workers = workers
  }

  async ask(question: Question): Promise<Answer> {
    const { first, answer } = await this.#askFirst(question)
    if (answer.isWhole || 'refused' in answer.part) return answer
    const workers = this.#workers()
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

  /** Asks one worker; where it does not answer, another, but for what must not be done twice. */
  async #askFirst(question: Question): Promise<{ first: Worker; answer: Answer }> {
    const workers = this.#workers()
    const rank = (worker: Worker): number =>
      (this.#silent.has(worker) ? 2 : 0) + (worker.readiness.ready ? 0 : 1)
    const most = question.of === 'publish' ? 1 : MOST_TRIED
    let fault: unknown
    for (const first of workers.toSorted((a, b) => rank(a) - rank(b)).slice(0, most)) {
      try {
        const answer = await first.live.ask(question)
        this.#silent.delete(first)
        return { first, answer }
      } catch (reason) {
        this.#silent.add(first)
        fault = reason
      }
    }
    throw fault ?? new ResoundError('RESOUND_WORKER_ENDED', 'No worker is there at the moment.')
  }
}

/**
 * `auth.endpoint`: whether the app answers where pages ask who may subscribe.
 */
import { ok } from '../check.ts'
import { brokenAnswer } from './broken-answer.ts'
import { exchangeCheck } from './exchange-check.ts'

export const endpointAnswers = exchangeCheck(
  {
    id: 'auth.endpoint',
    question: 'Does the app answer where pages ask who may subscribe',
    needs: ['config.app', 'config.cache'],
  },
  async (exchange, signal) => {
    const outcome = await exchange.guest(signal)
    const broken = await brokenAnswer(exchange, outcome, undefined, signal)
    if (broken !== undefined) return broken
    const { url } = exchange.endpoint
    if (!outcome.isAnswered) return ok(`${url} answers.`)
    const { milliseconds, answer } = outcome
    return ok(`${url} answers a guest with ${answer.status}.`, {
      timings: { answer: milliseconds },
    })
  },
)

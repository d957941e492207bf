/**
 * `auth.answer`: whether the app lets this one in, and if not, which of its layers refuses.
 */
import { type Finding, ok, skip } from '../check.ts'
import { brokenAnswer } from './broken-answer.ts'
import type { Exchange, Trial } from './exchange.ts'
import { exchangeCheck } from './exchange-check.ts'
import { refusal } from './refusal.ts'

export const appLetsIn = exchangeCheck(
  {
    id: 'auth.answer',
    question: 'Does the app let this user subscribe to the channel',
    needs: ['auth.endpoint', 'config.channels'],
  },
  async (exchange, signal) => {
    if (!exchange.hasIdentity && exchange.channelName === undefined) {
      return skip('No channel is named (--channel), and nobody who asks (--cookie, --as-user).')
    }
    const trial = await exchange.trial(signal)
    const { identity, channel, asked: outcome } = trial
    if (identity.kind === 'not-let-in') return notLoggedIn(exchange, identity.message)
    const broken = await brokenAnswer(exchange, outcome, trial, signal)
    if (broken !== undefined && !isUnsignedForBridge(exchange, trial, broken)) return broken
    if (!outcome.isAnswered) return skip('It is not answered.')
    const { answer, milliseconds } = outcome
    if (answer.status === 200) {
      const summary = `The app lets ${whoIs(trial)} into ${channel.name}.`
      return ok(summary, { timings: { answer: milliseconds } })
    }
    return refusal(exchange, trial, answer)
  },
)

/** Inside the app there is no bridge; what the app says without a signature is what the bridge signs. */
const isUnsignedForBridge = (exchange: Exchange, { identity }: Trial, { causeId }: Finding) =>
  identity.kind === 'user' && exchange.endpoint.isBridge && causeId === 'redis-without-bridge'

export function whoIs({ identity, known }: Trial): string {
  if (identity.kind === 'user') return `user ${identity.id}`
  const [id] = Object.values(known ?? {})
  if (id !== undefined) return `user ${id}`
  return identity.kind === 'guest' ? 'a guest' : `who has this ${identity.kind}`
}

const notLoggedIn = (exchange: Exchange, message: string): Finding => ({
  outcome: 'critical',
  summary: 'The app does not let this user log in.',
  evidence: [message],
  cause: `The password is another one, or ${exchange.page}/login is no ordinary login.`,
  causeId: 'login-failed',
  fix: { text: "Give a browser's session instead, with --cookie, or ask with --as-user ID." },
})

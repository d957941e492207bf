/**
 * `auth.subscribe`: the proof: with what the app answered, the server lets the connection into the channel.
 */
import { type Finding, ok, skip } from '../check.ts'
import { exchangeCheck } from './exchange-check.ts'

export const serverLetsIn = exchangeCheck(
  {
    id: 'auth.subscribe',
    question: 'Does the server take the authorisation, and subscribe',
    needs: ['auth.signature', 'way-in.origin'],
  },
  async (exchange, signal): Promise<Finding> => {
    if (!exchange.hasIdentity && exchange.channelName === undefined) return skip('Nobody asks.')
    const { notConnected, signed, subscribed, channel } = await exchange.trial(signal)
    if (notConnected !== undefined) {
      return {
        outcome: 'unknown',
        summary: 'The server could not be connected to, so nobody could subscribe.',
        evidence: [notConnected],
        causeId: 'not-connected',
      }
    }
    if (signed?.auth === undefined || subscribed === undefined) {
      return skip('The app was asked inside of PHP, without the bridge that signs.')
    }
    if (subscribed.isSubscribed) return ok(`Subscribed to ${channel.name} over a real connection.`)
    return {
      outcome: 'critical',
      summary: `The server does not subscribe to ${channel.name}.`,
      evidence: [`it says: ${JSON.stringify(subscribed.data).slice(0, 300)}`],
      cause:
        'It runs with another configuration than the one that was read, or a limit is reached.',
      causeId: 'subscription-refused',
      fix: exchange.reload,
    }
  },
)

/**
 * `auth.signature`: whether what the app signed is good for this server: its key, its secret, and the member
 * or the key for encryption that goes with it.
 */
import { isUserId, USER_ID_LENGTH } from '../../../channels/name.ts'
import { Secret } from '../../../channels/secret.ts'
import { channelText, isSigned } from '../../../channels/signature.ts'
import { type Finding, ok, skip } from '../check.ts'
import { noMasterKey } from '../config/driver.ts'
import type { Exchange, Trial } from './exchange.ts'
import { exchangeCheck } from './exchange-check.ts'
import { jsonOf, type Signed } from './signed.ts'

export const signatureIsGood = exchangeCheck(
  {
    id: 'auth.signature',
    question: "Is the app's signature good for this server",
    needs: ['auth.answer'],
  },
  async (exchange, signal) => {
    if (!exchange.hasIdentity && exchange.channelName === undefined) return skip('Nobody asks.')
    const trial = await exchange.trial(signal)
    const { signed, channel } = trial
    if (signed?.auth === undefined)
      return skip('The bridge of this server signs what the app says.')
    const fault = wrongSigner(exchange, trial, signed.auth, signed)
    if (fault !== undefined) return fault
    if (channel.kind === 'presence') return member(exchange, signed)
    if (channel.kind === 'encrypted') return sharedSecret(signed)
    return ok(
      `It is signed for ${channel.name} with the key and the secret of app ${exchange.app.id}.`,
    )
  },
)

function wrongSigner(
  { app, facts }: Exchange,
  { socketId, channel }: Trial,
  auth: string,
  { channelData }: Signed,
): Finding | undefined {
  const credentials = {
    key: app.key,
    secrets: [app.secret, app.previousSecret ?? []].flat().map((text) => new Secret(text)),
  }
  if (isSigned(auth, channelText(socketId, channel.name, channelData), credentials))
    return undefined
  const into = facts === undefined ? 'the .env of the app' : `${facts.directory}/.env`
  const key = auth.slice(0, auth.indexOf(':'))
  if (key !== app.key) {
    return {
      outcome: 'critical',
      summary: 'The app that answers signs with another key than this server has.',
      evidence: [`signed with key ${key}`, `served here: ${app.key}`],
      cause: 'It is another app, or runs with another .env than the one that was read.',
      causeId: 'signed-by-another-app',
      fix: {
        text: "Set the server's key in the app that answers.",
        paste: `REVERB_APP_KEY=${app.key}`,
        into,
      },
    }
  }
  return {
    outcome: 'critical',
    summary: "The app's signature does not match: it has another secret than this server.",
    evidence: [`signed with key ${key}, for socket ${socketId} and ${channel.name}`],
    causeId: 'wrong-secret',
    fix: { text: 'Copy the secret of the server into the .env of the app that answers.', into },
  }
}

function member({ app, limits }: Exchange, { channelData }: Signed): Finding {
  const found = (summary: string, causeId: string, more: Partial<Finding> = {}): Finding => ({
    outcome: 'critical',
    summary,
    causeId,
    ...more,
  })
  if (channelData === undefined) {
    return found('The app signs no channel_data, without which nobody is a member.', 'no-member')
  }
  const data = jsonOf(channelData)
  const { user_id: id = null, user_info: info = null } = (
    typeof data === 'object' && data !== null ? data : {}
  ) as Record<string, unknown>
  const isScalar = typeof id === 'string' || typeof id === 'number'
  if (!isScalar || `${id}` === '' || `${id}`.length > USER_ID_LENGTH) {
    return found(`The member has no user_id of 1 to ${USER_ID_LENGTH} characters.`, 'no-member', {
      evidence: [`user_id is ${JSON.stringify(id)?.slice(0, 60)}`],
    })
  }
  const most = app.limits?.presenceMemberBytes ?? limits.presenceMemberBytes
  const bytes = Buffer.byteLength(channelData)
  if (bytes > most) {
    return found(`The member's data has ${bytes} bytes, and ${most} are allowed.`, 'member-size', {
      cause: "The channel's callback returns more than pages need, as a whole model.",
      fix: {
        text: "Return less from the callback, or raise the limit in the server's configuration and run resound reload.",
        paste: `"presenceMemberBytes": ${2 ** Math.ceil(Math.log2(bytes))}`,
        into: "the server's configuration, limits",
      },
    })
  }
  if (info === true || info === null) {
    return {
      outcome: 'warning',
      summary: 'The member says nothing about the user, so here() gives pages nothing to show.',
      evidence: [`user_info is ${String(info)}`],
      cause: 'The callback of a presence channel returns true, and not an array about the user.',
      causeId: 'member-without-info',
      fix: {
        text: 'Return what pages show of a user.',
        paste: "fn ($user) => ['id' => $user->id, 'name' => $user->name]",
        into: 'routes/channels.php',
      },
    }
  }
  return ok(
    `It is signed, for the member ${isUserId(`${id}`) ? id : 'with that id'} (${bytes} bytes).`,
  )
}

const KEY_BYTES = 32

function sharedSecret({ sharedSecret: secret }: Signed): Finding {
  const bytes = secret === undefined ? 0 : Buffer.from(secret, 'base64').length
  if (bytes === KEY_BYTES) return ok('It is signed, with the key to decrypt the channel.')
  return noMasterKey([`shared_secret has ${bytes} bytes`])
}

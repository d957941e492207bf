/**
 * Whether a browser would believe the TLS of the public address: it speaks it, and the chain, the name and
 * the dates of its certificate are right. A page is told nothing of it but that the connection failed.
 */
import type { PeerCertificate } from 'node:tls'
import { request } from 'undici'
import { type Check, type Finding, type Fix, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'
import { authorities, lookAtTls, type Shown, tlsOf } from './certificate.ts'
import { isFinding, publicWay, type WayIn } from './target.ts'

const HTTP_MILLISECONDS = 3000
/** What renews certificates does so a month before they end. */
const SOON_DAYS = 14
const DAY = 86_400_000

export const wayInTls: Check<Scene> = {
  id: 'way-in.tls',
  area: 'way-in',
  question: 'Is TLS spoken where browsers expect it, and nowhere else',
  needs: ['way-in.tcp', 'server.workers'], // one that hangs is no stranger
  run: async (scene, signal) => {
    const way = await publicWay(scene)
    if (isFinding(way)) return way
    if (!way.isTls) return plainWay(scene, way, signal)
    const seen = await tlsOf(scene, way, signal)
    if (seen.kind === 'shown') return ok(`TLS is spoken at ${way.host}:${way.port}.`)
    const isPlain = seen.kind === 'plain'
    return {
      outcome: 'critical',
      summary: `Browsers speak TLS to ${way.host}:${way.port}, and what is there does not.`,
      evidence: [`${way.url} comes from ${way.from}.`, `The handshake fails: ${seen.reason}`],
      cause: isPlain
        ? 'It answers without TLS: the port of the server itself instead of the proxy, or https where http is meant.'
        : 'What is there breaks the handshake off.',
      causeId: isPlain ? 'plain-where-tls' : 'handshake-fails',
      fix: {
        text: 'Connect to the port where TLS is, give the server a certificate (tls.cert, tls.key), or use http for REVERB_SCHEME where there is none.',
      },
    }
  },
}

async function plainWay(scene: Scene, way: WayIn, signal: AbortSignal): Promise<Finding> {
  const answer = await plainAnswer(way, signal)
  if (answer === undefined) return ok(`${way.host}:${way.port} is meant to be without TLS, and is.`)
  const seen = await lookAtTls(way, authorities(scene), signal)
  if (seen.kind !== 'shown') {
    return {
      outcome: 'critical',
      summary: `What listens at ${way.host}:${way.port} speaks no HTTP.`,
      evidence: [`${way.url} comes from ${way.from}.`, `Asked for /up: ${answer}`],
      cause: 'Another program listens there.',
      causeId: 'not-http',
      fix: { text: 'Correct the host and port that browsers are told.' },
    }
  }
  return {
    outcome: 'critical',
    summary: `Browsers connect to ${way.host}:${way.port} without TLS, and what is there wants it.`,
    evidence: [`${way.url} comes from ${way.from}.`, `Asked for /up without TLS: ${answer}`],
    cause: 'The scheme that browsers are told is http, where it has to be https.',
    causeId: 'tls-where-plain',
    fix: {
      text: 'Use https: for pages, REVERB_SCHEME and what is built from it; for --url, wss://.',
    },
  }
}

/** @returns what is wrong with the answer to plain HTTP, undefined where nothing is */
async function plainAnswer({ url }: WayIn, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(`${url}/up`, {
      headersTimeout: HTTP_MILLISECONDS,
      bodyTimeout: HTTP_MILLISECONDS,
      signal,
    })
    const text = await body.text()
    return statusCode === 400 && /https|tls/i.test(text) ? '400, it wants HTTPS' : undefined
  } catch (fault) {
    return (fault as Error).message
  }
}

/** A check of the certificate, where there is one. */
function certificateCheck(
  id: Check<Scene>['id'],
  question: string,
  judge: (shown: Shown, way: WayIn) => Finding,
  { concernsOwn = false } = {},
): Check<Scene> {
  return {
    id,
    area: 'way-in',
    question,
    needs: ['way-in.tls'],
    run: async (scene, signal) => {
      const way = await publicWay(scene)
      if (isFinding(way)) return way
      if (!way.isTls) return skip('There is no TLS on this way.')
      if (way.isOwn && !concernsOwn) return skip('Give --url to see what browsers see.')
      const seen = await tlsOf(scene, way, signal)
      return seen.kind === 'shown' ? judge(seen, way) : skip('No certificate is shown.')
    },
  }
}

export const wayInTlsChain = certificateCheck(
  'way-in.tls-chain',
  'Does the certificate lead to an authority that browsers trust',
  ({ chain, error }, { host }) => {
    const [leaf] = chain
    if (leaf === undefined || error === undefined || /EXPIRED|NOT_YET/.test(error)) {
      return ok(`The certificate of ${host} leads to an authority that is trusted.`)
    }
    return untrusted(host, error, leaf, chain.length)
  },
)

function untrusted(host: string, error: string, leaf: PeerCertificate, sent: number): Finding {
  const isSelfSigned = error === 'DEPTH_ZERO_SELF_SIGNED_CERT'
  // Who issues certificates for the public says in them where the one that is missing can be had.
  const isIncomplete =
    !isSelfSigned && sent === 1 && /CA Issuers/.test(Object.keys(Object(leaf.infoAccess)).join())
  const common = {
    outcome: 'critical' as const,
    evidence: [
      `For: ${nameOf(leaf.subject)}; issued by: ${nameOf(leaf.issuer)}`,
      `Certificates sent: ${sent}`,
      `OpenSSL says: ${error}`,
    ],
  }
  if (isSelfSigned) {
    return {
      ...common,
      summary: `The certificate of ${host} is signed by itself, and no browser believes it.`,
      cause: 'It was made on the machine, not by an authority.',
      causeId: 'self-signed',
      fix: {
        text: 'Use a certificate of an authority (certbot, Caddy); for development, one of mkcert, and name its root here with --ca.',
      },
    }
  }
  if (isIncomplete) {
    return {
      ...common,
      summary: `${host} sends its certificate without the one that signed it.`,
      cause:
        'The file has the certificate alone. Some browsers know the missing one from elsewhere, others and PHP do not.',
      causeId: 'incomplete-chain',
      fix: {
        text: 'Name the file with the whole chain: fullchain.pem instead of cert.pem (ssl_certificate of nginx, tls.cert of resound), then reload.',
      },
    }
  }
  return {
    ...common,
    summary: `The certificate of ${host} is of an authority that browsers do not know.`,
    cause: 'It is of a company or a tool of development, or certificates of the chain are missing.',
    causeId: 'unknown-authority',
    fix: {
      text: 'Use a certificate of a public authority. Where every browser is told of this one, name it here with --ca.',
    },
  }
}

export const wayInTlsName = certificateCheck(
  'way-in.tls-name',
  'Is the certificate for the name that browsers connect to',
  ({ chain, nameError }, { host }) => {
    const [leaf] = chain
    if (nameError === undefined || leaf === undefined) return ok(`The certificate is for ${host}.`)
    return {
      outcome: 'critical',
      summary: `The certificate is not for ${host}.`,
      evidence: [`It is for: ${leaf.subjectaltname ?? nameOf(leaf.subject)}`],
      cause: 'Browsers compare the name that they connect to with those in the certificate.',
      causeId: 'wrong-name',
      fix: {
        text: `Connect to one of its names, or get a certificate for ${host} as well (certbot --expand -d ${host}).`,
      },
    }
  },
)

export const wayInTlsExpiry = certificateCheck(
  'way-in.tls-expiry',
  'Is the certificate valid today, and for some time',
  ({ chain }, { host }) => {
    const now = Date.now()
    const [leaf] = chain
    if (leaf === undefined) return skip('No certificate is shown.')
    const early = chain.find(({ valid_from: from }) => Date.parse(from) > now)
    const first = [...chain].sort((a, b) => endOf(a) - endOf(b))[0] ?? leaf
    const days = Math.floor((endOf(first) - now) / DAY)
    const evidence = [
      `For: ${nameOf(first.subject)}`,
      `Valid from ${new Date(first.valid_from).toISOString()} to ${new Date(endOf(first)).toISOString()}`,
    ]
    const named =
      first === leaf
        ? `The certificate of ${host}`
        : `Of the chain of ${host}, the certificate of ${nameOf(first.subject)}`
    const fix = first === leaf ? RENEW : RENEW_AUTHORITY
    if (early !== undefined) return notYet(host, early)
    if (endOf(first) <= now) return expired(named, evidence, fix)
    if (days >= SOON_DAYS) return ok(`${named} is valid for another ${days} days.`)
    return {
      outcome: 'warning',
      summary: `${named} ends in ${days} ${days === 1 ? 'day' : 'days'}.`,
      evidence,
      cause:
        first === leaf
          ? 'What renews it should have done so by now.'
          : 'It is the authority that ends, and with it all that it has signed.',
      causeId: 'expires-soon',
      fix,
    }
  },
  { concernsOwn: true },
)

const RENEW = {
  text: 'Renew it (certbot renew), then have it taken over: reload the proxy, or resound reload where resound has it. See why the renewal did not run: systemctl list-timers.',
}

const RENEW_AUTHORITY = {
  text: 'Have the authority renewed, or use a certificate of another one (fullchain.pem of a new order); where it is your own (--ca), make a new root and give it to every browser.',
}

function expired(named: string, evidence: readonly string[], fix: Fix): Finding {
  return {
    outcome: 'critical',
    summary: `${named} has expired, and browsers refuse to connect.`,
    evidence,
    cause: 'It was not renewed, or was and the proxy was not told to read it again.',
    causeId: 'expired',
    fix,
  }
}

function notYet(host: string, { valid_from: from }: PeerCertificate): Finding {
  return {
    outcome: 'critical',
    summary: `The certificate of ${host} is not valid yet.`,
    evidence: [
      `Valid from ${new Date(from).toISOString()}`,
      `This machine's clock: ${new Date().toISOString()}`,
    ],
    cause: 'A clock is wrong: that of this machine, or that of whoever made the certificate.',
    causeId: 'not-yet-valid',
    fix: { text: 'Set the clock by NTP.', paste: 'timedatectl set-ntp true', into: 'shell' },
  }
}

const endOf = ({ valid_to: to }: PeerCertificate): number => Date.parse(to)
const nameOf = (of: PeerCertificate['subject']): string =>
  [of.CN, of.O].flat().filter(Boolean).join(', ') || 'nobody'

/**
 * `config.pages`: whether what is built into the app's JavaScript leads browsers to this server.
 */
import { type Finding, ok, skip } from '../check.ts'
import { type LaravelFacts, usedConnection } from '../laravel/facts.ts'
import { inApp } from '../laravel/owner.ts'
import { intendedOf, type Pages, pagesOf } from '../laravel/pages.ts'
import { ownAddress } from '../own-address.ts'
import { connects } from './address.ts'
import { isLocalHost, laravelCheck, type Sides, servedApp } from './laravel-check.ts'

export const pagesLeadHere = laravelCheck(
  {
    id: 'config.pages',
    question: "Does the app's built JavaScript lead here",
  },
  async (sides) => {
    const { facts, config } = sides
    const { assets, app } = facts
    if (assets?.isHot === true && app.environment === 'production') return hotFile(facts)
    const pages = pagesOf(facts)
    if (pages === undefined) return skip('No JavaScript with Echo is built (public/build).')
    if (config.apps.length > 0 && !config.apps.some(({ key }) => key === pages.key)) {
      return wrongKey(sides, pages)
    }
    const { host } = pages
    if (host === undefined || host === '') return noHost(sides, pages)
    if (isLocalHost(host) && !isPageLocal(sides)) return localhost(sides, pages)
    return addressOf(sides, pages)
  },
)

/** Whether the pages themselves are only seen on this machine. */
function isPageLocal({ facts: { app }, scene }: Sides): boolean {
  const shown = scene.options.url ?? app.url
  const isLocal =
    shown === undefined || !URL.canParse(shown) || isLocalHost(new URL(shown).hostname)
  return isLocal && app.environment !== 'production'
}

const build = (facts: LaravelFacts, text: string): NonNullable<Finding['fix']> => ({
  text,
  paste: inApp(facts.directory, 'npm run build'),
  into: 'shell',
})

const setInEnv = (facts: LaravelFacts, lines: string): NonNullable<Finding['fix']> => ({
  text: "Set this in the app's .env, and build again: npm run build.",
  paste: lines,
  into: `${facts.directory}/.env`,
})

const hotFile = (facts: LaravelFacts): Finding => ({
  outcome: 'critical',
  summary: "Pages load their JavaScript from Vite's development server, in production.",
  evidence: ['public/hot is there'],
  cause: 'npm run dev was ended without removing the file, or it was deployed.',
  causeId: 'hot-file',
  fix: { text: 'Remove it.', paste: inApp(facts.directory, 'rm public/hot'), into: 'shell' },
})

function wrongKey(sides: Sides, pages: Pages): Finding {
  const { facts, config } = sides
  const intended = intendedOf(facts)
  const names = intended?.names ?? 'VITE_REVERB'
  const used = usedConnection(facts)
  const app = servedApp(config, { appId: used?.appId, key: used?.key }) ?? config.apps[0]
  const isEmpty = pages.key === undefined || pages.key === ''
  const willBe = intended?.key === app?.key
  const lines =
    used?.key === app?.key && names.startsWith('VITE')
      ? `${names}_APP_KEY="\${${names.slice('VITE_'.length)}_APP_KEY}"`
      : `${names}_APP_KEY=${app?.key}`
  return {
    outcome: 'critical',
    summary: isEmpty
      ? 'The JavaScript in the pages has no app key.'
      : 'The key in the JavaScript of the pages is not one of this server.',
    evidence: [
      `${pages.from}: key ${isEmpty ? 'is missing' : pages.key}`,
      `${names}_APP_KEY in .env: ${intended?.key ?? 'not set'}`,
      `served here: ${config.apps.map(({ key }) => key).join(', ')}`,
    ],
    cause: willBe
      ? 'It was built before the .env had this key; the build keeps what it found then.'
      : `The .env names another key for the pages than the server has.`,
    causeId: isEmpty ? 'key-missing-in-build' : 'wrong-key-in-build',
    fix: willBe ? build(facts, 'Build the JavaScript again.') : setInEnv(facts, lines),
  }
}

function noHost({ facts, scene }: Sides, pages: Pages): Finding {
  const names = intendedOf(facts)?.names ?? 'VITE_REVERB'
  const own = names.replace(/^(VITE|MIX)_/, '')
  const lines = ['HOST', 'PORT', 'SCHEME'].map((part) => `${names}_${part}="\${${own}_${part}}"`)
  return {
    outcome: 'critical',
    summary: 'The JavaScript of the pages names no host, so they connect to pusher.com.',
    evidence: [`${pages.from}: no wsHost`, `--url: ${scene.options.url ?? 'not given'}`],
    causeId: 'no-host-in-build',
    fix:
      intendedOf(facts)?.host === undefined
        ? setInEnv(facts, lines.join('\n'))
        : build(facts, "Let Echo's options have wsHost, wsPort and wssPort, and build again."),
  }
}

function localhost(sides: Sides, pages: Pages): Finding {
  const { facts, scene } = sides
  const intended = intendedOf(facts)
  const names = intended?.names ?? 'VITE_REVERB'
  const shown = scene.options.url ?? facts.app.url ?? ''
  const { hostname = 'ws.example.com' } = URL.canParse(shown) ? new URL(shown) : {}
  const willBe = intended?.host !== undefined && !isLocalHost(intended.host)
  return {
    outcome: 'critical',
    summary: `Pages connect to ${pages.host}, which is each visitor's own machine.`,
    evidence: [
      `${pages.from}: host ${pages.host}`,
      `APP_ENV=${facts.app.environment}, APP_URL=${facts.app.url}`,
    ],
    cause: willBe
      ? 'It was built with the .env of a development machine.'
      : `${names}_HOST in the .env is that of a development machine.`,
    causeId: 'localhost-in-build',
    fix: willBe
      ? build(facts, 'Build the JavaScript again, with the .env that is there.')
      : setInEnv(facts, `${names}_HOST=${hostname}`),
  }
}

async function addressOf(sides: Sides, pages: Pages): Promise<Finding> {
  const { facts, config, scene, signal } = sides
  const { host = '', port, isSecure, key = '' } = pages
  const intended = intendedOf(facts)
  const address = `${isSecure ? 'wss' : 'ws'}://${host}:${port}`
  const scheme = isSecure ? 'https' : 'http'
  const { url } = scene.options
  if (url !== undefined && URL.canParse(url)) {
    const wanted = addressIn(url)
    const other = (['host', 'port', 'scheme'] as const).find(
      (part) => wanted[part] !== { host, port, scheme }[part],
    )
    if (other !== undefined) return elsewhere(sides, pages, address, other, wanted)
    return ok(`Pages connect to ${address}, which is the public address.`)
  }
  const own = await ownAddress(scene)
  if (isSecure && own?.isTls === false && Number(port) === own.port && isLocalHost(host)) {
    return {
      outcome: 'critical',
      summary: `Pages connect to ${address}, where this server speaks no TLS.`,
      evidence: [
        `${pages.from}: ${address}`,
        `this server: ${own.url}`,
        `APP_URL=${facts.app.url}`,
      ],
      cause: 'A page over https opens wss:// only, and there is no proxy in between for TLS.',
      causeId: 'wss-to-ws',
      fix: {
        text: 'Serve TLS: with a proxy in front (docs/scaling.md), or by tls.cert and tls.key.',
      },
    }
  }
  if (isLocalHost(host) && own !== undefined && Number(port) !== own.port) {
    const leads = await connects({ scheme, host, port }, config.pathPrefix, key, signal)
    if (!leads) {
      const wanted = { host, port: String(own.port), scheme: own.isTls ? 'https' : 'http' }
      return elsewhere(sides, pages, address, 'port', wanted)
    }
  }
  if (pages.isBuilt && intended?.host !== undefined && intended.host !== host) {
    return elsewhere(sides, pages, address, 'host', { ...intended, host: intended.host })
  }
  return ok(`Pages connect to ${address} with the key of this server (${pages.from}).`)
}

function addressIn(url: string) {
  const { hostname: host, port, protocol } = new URL(url)
  const isSecure = /^(https|wss):$/.test(protocol)
  const scheme = isSecure ? 'https' : 'http'
  return { host, port: port === '' ? (isSecure ? '443' : '80') : port, scheme }
}

function elsewhere(
  { facts }: Sides,
  pages: Pages,
  address: string,
  part: 'host' | 'port' | 'scheme',
  wanted: {
    readonly host: string
    readonly port?: string | undefined
    readonly scheme?: string | undefined
  },
): Finding {
  const intended = intendedOf(facts)
  const names = intended?.names ?? 'VITE_REVERB'
  const willBe = intended?.[part] === wanted[part]
  return {
    outcome: 'critical',
    summary: `Pages connect to ${address}, and the ${part} has to be ${wanted[part]}.`,
    evidence: [
      `${pages.from}: ${address}`,
      `${names}_${part.toUpperCase()} in .env: ${intended?.[part] ?? 'not set'}`,
    ],
    cause: willBe
      ? 'It was built before the .env had this value; the build keeps what it found then.'
      : 'The .env names another one for the pages.',
    causeId: `wrong-${part}-in-build`,
    fix:
      willBe && pages.isBuilt
        ? build(facts, 'Build the JavaScript again.')
        : setInEnv(facts, `${names}_${part.toUpperCase()}=${wanted[part]}`),
  }
}

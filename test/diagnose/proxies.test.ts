/** Proxies beside nginx (way-in.test.ts), each real, with the lines that are printed for it as they are. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proxyOf } from '../../src/diagnose/way-in/proxy-name.ts'
import { critical, type Diagnosis, fine, found, Setup } from '../support/breakable.ts'
import { createCertificate } from '../support/certificate.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy, type TestProxyName } from '../support/proxies.ts'

/** Longer than the second that the proxies allow by themselves. */
const IDLE_SECONDS = 2
/** To see that one is cut, which ends the wait. */
const PATIENT_SECONDS = 8

let directory: Directory
let plain: Setup
/** With TLS of its own, under a name that proxies do not use, and below a path. */
let guarded: Setup
beforeAll(async () => {
  directory = new Directory()
  const tls = createCertificate(directory)
  plain = await Setup.start()
  guarded = await Setup.start({ tls, pathPrefix: '/live' })
})
afterAll(async () => {
  await plain[Symbol.asyncDispose]()
  await guarded[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** Diagnoses the way in and the HTTP API, through a proxy with these lines in its site. */
async function through(
  name: TestProxyName,
  setup: Setup,
  lines: string,
  idleSeconds = 0,
): Promise<Diagnosis> {
  const port = await freePort()
  await using _proxy = await startProxy(name, port, lines)
  const url = `ws://localhost:${port}${setup === guarded ? '/live' : ''}`
  return await setup.diagnose(['way-in', 'delivery.payload-size'], { url, idleSeconds })
}

/** Upgrades, and the HTTP API; silence is as the proxy would have it. */
const IMPATIENT: Readonly<Record<TestProxyName, (address: string) => string>> = {
  apache: (address) =>
    `ProxyPass "/app/" "ws://${address}/app/"\nProxyPass "/apps/" "http://${address}/apps/"`,
  haproxy: (address) => `default_backend all\nbackend all\nserver one ${address}`,
  caddy: (address) => `reverse_proxy ${address} {\ntransport http {\nread_timeout 1s\n}\n}`,
}

/** What reaches the server is an ordinary request. */
const STRIPPED: Readonly<Record<TestProxyName, (address: string, isTls: boolean) => string>> = {
  apache: (address, isTls) =>
    isTls
      ? `SSLProxyEngine On\nSSLProxyCheckPeerName Off\nProxyPass "/" "https://${address}/"`
      : `ProxyPass "/" "http://${address}/"`,
  haproxy: (address, isTls) =>
    `http-request del-header upgrade\nhttp-request del-header sec-websocket-key\n${IMPATIENT.haproxy(address)}${isTls ? ' ssl verify none' : ''}`,
  caddy: (address, isTls) =>
    `reverse_proxy ${isTls ? 'https://' : ''}${address} {\nheader_up -Upgrade${
      isTls ? '\ntransport http {\ntls_insecure_skip_verify\n}' : ''
    }\n}`,
}

const addressOf = ({ server }: Setup): string => `127.0.0.1:${server.port}`

describe.concurrent.each(['apache', 'haproxy', 'caddy'] as const)('%s', (name) => {
  it.for([
    ['a server', () => plain],
    ['a server with TLS, below a path', () => guarded],
  ] as const)(
    'in front of %s that does not upgrade is named, and the lines for it mend it',
    async ([, of], { expect }) => {
      const setup = of()
      const lines = STRIPPED[name](addressOf(setup), setup === guarded)
      const broken = await through(name, setup, lines)
      expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('upgrade-stripped'))
      const { summary, fix } = broken.of('way-in.upgrade-public')
      expect(summary).toContain(`The proxy (${name})`)

      const idleSeconds = setup === guarded ? IDLE_SECONDS : 0
      const mended = await through(name, setup, fix?.paste ?? '', idleSeconds)
      const troubles = mended.results.filter(({ outcome }) => !['ok', 'skip'].includes(outcome))
      expect(troubles).toEqual([])
      expect(found(mended, 'way-in.idle')).toEqual(fine)
      expect(mended.of('delivery.payload-size').summary).toMatch(/arrived by http:\/\/localhost:/)
    },
  )

  it('that leads to a port where nobody is is named', async ({ expect }) => {
    const broken = await through(name, plain, IMPATIENT[name]('127.0.0.1:1'))
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('dead-upstream'))
    expect(broken.of('way-in.upgrade-public').summary).toContain(`The proxy (${name})`)
  })

  it('that cuts silent sockets is named, and the lines for it let them be', async ({ expect }) => {
    const broken = await through(name, plain, IMPATIENT[name](addressOf(plain)), PATIENT_SECONDS)
    expect(found(broken, 'way-in.idle')).toEqual(critical('idle-cut'))
    const { summary, cause, fix } = broken.of('way-in.idle')
    expect(summary).toMatch(/^A WebSocket that is silent is cut after [\d.]+ s\.$/)
    expect(cause).toContain(`A proxy (${name})`)
    const mended = await through(name, plain, fix?.paste ?? '', IDLE_SECONDS)
    expect(found(mended, 'way-in.idle')).toEqual(fine)
  })
})

it.each([
  ['passes an answer of the server on', ['Uwebsockets', '20'], '{}'],
  ['has no route', ['Content-Type', 'text/plain; charset=utf-8'], '404 page not found\n'],
])('Traefik, which names itself nowhere, is known where it %s', (_what, rawHeaders, body) => {
  expect(proxyOf({ rawHeaders, body })).toBe('traefik')
})

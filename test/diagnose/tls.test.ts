import { afterAll, beforeAll, expect, it } from 'vitest'
import { critical, type Diagnosis, fine, found, Setup, warning } from '../support/breakable.ts'
import { type Chain, createChain, type Leaf } from '../support/chain.ts'
import { Directory } from '../support/directory.ts'
import { freePort } from '../support/free-port.ts'
import { startNginx } from '../support/nginx.ts'

let setup: Setup
let directory: Directory
let chain: Chain
let port: number
beforeAll(async () => {
  setup = await Setup.start()
  directory = new Directory()
  chain = createChain(directory)
  port = await freePort()
})
afterAll(async () => {
  await setup[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** Diagnoses the way in through nginx that shows this certificate. */
async function shown(leaf: Leaf, host = 'localhost', ca = chain.root): Promise<Diagnosis> {
  await using _proxy = await startNginx(`server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${leaf.cert};
    ssl_certificate_key ${leaf.key};
    location / {
      proxy_pass http://127.0.0.1:${setup.server.port};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }
  }`)
  const options = ca === '' ? {} : { ca }
  return await setup.diagnose(['way-in'], { url: `wss://${host}:${port}`, ...options })
}

it('a certificate with its chain, for the name and the day, is well', async () => {
  const { exit, results } = await shown(chain.leaf('good', { withIntermediate: true }))
  expect(results.filter(({ outcome }) => !['ok', 'skip'].includes(outcome))).toEqual([])
  expect(exit).toBe(0)
})

it('without the one that signed it, the chain is incomplete', async () => {
  const broken = await shown(chain.leaf('alone', {}))
  expect(found(broken, 'way-in.tls-chain')).toEqual(critical('incomplete-chain'))
  expect(broken.of('way-in.upgrade-public')).toMatchObject({
    outcome: 'not-tested',
    because: 'way-in.tls-chain',
  })
})

it('of an authority that nobody knows, it is believed where that is named', async () => {
  const leaf = chain.leaf('company', { withIntermediate: true })
  const broken = await shown(leaf, 'localhost', '')
  expect(found(broken, 'way-in.tls-chain')).toEqual(critical('unknown-authority'))
  expect(broken.of('way-in.tls-chain').fix?.text).toContain('--ca')
  expect(found(await shown(leaf), 'way-in.tls-chain')).toEqual(fine)
})

it('signed by itself, no browser believes it', async () => {
  const broken = await shown(chain.selfSigned())
  expect(found(broken, 'way-in.tls-chain')).toEqual(critical('self-signed'))
})

it('for another name, both names are there', async () => {
  const leaf = chain.leaf('other', { withIntermediate: true, name: 'ws.example.com' })
  const broken = await shown(leaf)
  expect(found(broken, 'way-in.tls-name')).toEqual(critical('wrong-name'))
  expect(broken.of('way-in.tls-name').evidence).toEqual(['It is for: DNS:ws.example.com'])
})

it.each([
  ['expired', { from: -30, to: -1 }, critical('expired')],
  ['not valid yet', { from: 1, to: 30 }, critical('not-yet-valid')],
  ['about to end', { from: -80, to: 5 }, warning('expires-soon')],
] as const)('%s, it is said with its days', async (name, days, expected) => {
  const broken = await shown(
    chain.leaf(name.replaceAll(' ', '-'), { withIntermediate: true, days }),
  )
  expect(found(broken, 'way-in.tls-expiry')).toEqual(expected)
  expect(found(broken, 'way-in.tls-chain')).toMatchObject({ outcome: 'ok' })
})

it('the one of the chain that ends first is named', async () => {
  const broken = await shown(
    chain.leaf('long', { withIntermediate: true, days: { from: -1, to: 60 } }),
  )
  expect(broken.of('way-in.tls-expiry').summary).toMatch(
    /^Of the chain of localhost, the certificate of (?:root|middle) is valid for another/,
  )
})

it('pages without TLS do not come to a port that wants it', async () => {
  const leaf = chain.leaf('plain', { withIntermediate: true })
  await using _proxy = await startNginx(`server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${leaf.cert};
    ssl_certificate_key ${leaf.key};
  }`)
  const broken = await setup.diagnose(['way-in.tls'], { url: `ws://localhost:${port}` })
  expect(found(broken, 'way-in.tls')).toEqual(critical('tls-where-plain'))
})

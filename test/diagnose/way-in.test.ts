import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { APP, critical, type Diagnosis, fine, found, Setup } from '../support/breakable.ts'
import { freePort } from '../support/free-port.ts'
import { startNginx } from '../support/nginx.ts'

let setup: Setup
let proxyPort: number
beforeAll(async () => {
  setup = await Setup.start({
    apps: [APP, { id: '2', key: 'other', secret: 's', allowedOrigins: ['https://one.example'] }],
  })
  proxyPort = await freePort()
})
afterAll(() => setup[Symbol.asyncDispose]())

/** The public address: the proxy's. */
const url = (path = ''): string => `ws://localhost:${proxyPort}${path}`

/** Diagnoses the way in, through nginx with these lines in its server block. */
async function through(lines: string, address = url(), idleSeconds = 0): Promise<Diagnosis> {
  await using _proxy = await startNginx(`server { listen 127.0.0.1:${proxyPort};\n${lines}\n}`)
  return await setup.diagnose(['way-in'], { url: address, idleSeconds })
}

const upstream = (): string => `http://127.0.0.1:${setup.server.port}`

/** What reaches the server is an ordinary request then. */
const KEYLESS = 'proxy_http_version 1.1; proxy_set_header Sec-WebSocket-Key "";'

describe('through a proxy', () => {
  it('that passes WebSockets on all is well', async () => {
    const { exit, results } = await through(`location / {
      proxy_pass ${upstream()};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }`)
    expect(exit).toBe(0)
    expect(results.filter(({ outcome }) => !['ok', 'skip'].includes(outcome))).toEqual([])
  })

  it.each([
    ['does not upgrade', () => `location / { proxy_pass ${upstream()}; }`, 'upgrade-stripped'],
    [
      'takes headers away',
      () => `location / { ${KEYLESS} proxy_pass ${upstream()}; }`,
      'upgrade-stripped',
    ],
    [
      'leads to a port where nobody is',
      () => 'location / { proxy_pass http://127.0.0.1:1; }',
      'dead-upstream',
    ],
    [
      'sends the path elsewhere',
      () => 'location / { return 200 "<html>Welcome</html>"; }',
      'not-routed',
    ],
    ['has no such path', () => 'location / { return 404; }', 'not-routed'],
    ['asks for a password', () => 'location / { return 401; }', 'forbidden'],
    ['limits requests', () => 'location / { return 429; }', 'rate-limited'],
    ['cannot read the request', () => 'location / { return 400; }', 'upgrade-stripped'],
  ])('that %s, the proxy is named, and what it needs is pasted', async (_what, lines, causeId) => {
    const broken = await through(lines())
    expect(found(broken, 'way-in.upgrade-local')).toMatchObject({ outcome: 'ok' })
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical(causeId))
    const { summary, fix, evidence } = broken.of('way-in.upgrade-public')
    expect(summary).toContain('The proxy (nginx)')
    expect(evidence?.join('\n')).toContain(
      `The server itself upgrades at 127.0.0.1:${setup.server.port}`,
    )
    expect(broken.of('way-in.idle')).toMatchObject({ outcome: 'not-tested' })
    if (fix?.paste === undefined) return expect(fix?.text).toContain('/app/ and /apps/')
    const mended = await through(fix?.paste ?? '')
    expect(found(mended, 'way-in.upgrade-public')).toEqual(fine)
  })

  it('that leads to another server, it is told from a wrong key', async () => {
    await using other = await Setup.start({ apps: [{ ...APP, key: 'another-key' }] })
    const { port } = other.server
    const broken = await through(`location / {
      proxy_pass http://127.0.0.1:${port};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }`)
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('other-server'))
    const { fix, evidence } = broken.of('way-in.upgrade-public')
    expect(evidence?.join()).toContain(`127.0.0.1:${setup.server.port}, has an app with the key`)
    const mended = await through(fix?.paste ?? '')
    expect(found(mended, 'way-in.upgrade-public')).toEqual(fine)
  })

  it('that redirects, the address is named', async () => {
    const broken = await through('location / { return 301 https://$host$request_uri; }')
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('redirected'))
    expect(broken.of('way-in.upgrade-public').evidence?.join('\n')).toContain(
      'Location: https://localhost/app/my-key',
    )
  })

  it('that takes a part of the path away, the path that arrives is named', async () => {
    const upgraded = `proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";`
    const broken = await through(`location /app/ { proxy_pass ${upstream()}/; ${upgraded} }`)
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('wrong-path'))
    const plain = await through(`location /app/ { ${KEYLESS} proxy_pass ${upstream()}/; }`)
    expect(found(plain, 'way-in.upgrade-public')).toEqual(critical('wrong-path'))
    expect(plain.of('way-in.upgrade-public').cause).toContain('What arrived is /my-key')
  })

  it('that cuts silent sockets, after how long, and the pasted lines let them be', async () => {
    const broken = await through(
      `location / {
        proxy_pass ${upstream()};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 1s;
      }`,
      url(),
      3,
    )
    expect(found(broken, 'way-in.idle')).toEqual(critical('idle-cut'))
    const { summary, fix } = broken.of('way-in.idle')
    expect(summary).toMatch(/^A WebSocket that is silent is cut after 1(\.\d)? s\.$/)
    expect(fix?.paste).toContain('proxy_read_timeout 180s;')
    const mended = await through(fix?.paste ?? '', url(), 2)
    expect(found(mended, 'way-in.idle')).toEqual(fine)
  })
})

describe('an address', () => {
  it('where nobody listens is told from one that does not answer', async () => {
    const broken = await setup.diagnose(['way-in.tcp'], { url: 'ws://127.0.0.1:1' })
    expect(found(broken, 'way-in.tcp')).toEqual(critical('refused'))
    expect(broken.of('way-in.tcp').evidence?.join()).toContain(
      `The server itself listens on port ${setup.server.port}`,
    )
  })

  it('whose name is not known is named', async () => {
    const broken = await setup.diagnose(['way-in'], { url: 'wss://no-such-host.invalid' })
    expect(found(broken, 'way-in.dns')).toEqual(critical('name-unknown'))
    expect(broken.of('way-in.tcp')).toMatchObject({ outcome: 'not-tested' })
  })

  it('that is none is said to be none', async () => {
    const broken = await setup.diagnose(['way-in.dns'], { url: 'example.com:6001' })
    expect(found(broken, 'way-in.dns')).toEqual(critical('no-url'))
  })

  it('of a server without TLS is no wss:// address', async () => {
    const broken = await setup.diagnose(['way-in.tls'], {
      url: `wss://127.0.0.1:${setup.server.port}`,
    })
    expect(found(broken, 'way-in.tls')).toEqual(critical('plain-where-tls'))
  })
})

describe('the server itself', () => {
  const direct = (key: string): string => `ws://127.0.0.1:${setup.server.port}/app/${key}`

  it('has no app with that key: those that it has are listed', async () => {
    const broken = await setup.diagnose(['way-in'], { url: direct('no-key') })
    expect(found(broken, 'way-in.upgrade-public')).toEqual(critical('wrong-key'))
    expect(broken.of('way-in.upgrade-public').evidence).toContain('The server has the key my-key.')
  })

  it('refuses the origin of the page, and the pasted line allows it', async () => {
    const page = { url: direct('other'), origin: 'https://two.example/' }
    const broken = await setup.diagnose(['way-in.origin'], page)
    expect(found(broken, 'way-in.upgrade-public')).toMatchObject({ outcome: 'ok' })
    expect(found(broken, 'way-in.origin')).toEqual(critical('origin-refused'))
    await mend(broken, 'way-in.origin', { id: '2', key: 'other', secret: 's' })
    expect(found(await setup.diagnose(['way-in.origin'], page), 'way-in.origin')).toEqual(fine)
  })

  it('has the app disabled, and the pasted line enables it', async () => {
    await setup.reload({ apps: [{ ...APP, enabled: false }] })
    const broken = await setup.diagnose(['way-in'])
    expect(found(broken, 'way-in.upgrade-local')).toEqual(critical('app-disabled'))
    await mend(broken, 'way-in.upgrade-local', APP)
    expect(found(await setup.diagnose(['way-in']), 'way-in.upgrade-local')).toEqual(fine)
  })

  it('is full of connections of the app, and the pasted line lets more in', async () => {
    await setup.reload({ apps: [{ ...APP, maxConnections: 1 }] })
    const first = await setup.diagnose(['way-in.upgrade-local'])
    expect(found(first, 'way-in.upgrade-local')).toEqual(fine)
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(direct('my-key'))
    await new Promise((resolve) => socket.once('message', resolve))
    const broken = await setup.diagnose(['way-in.upgrade-local'])
    expect(found(broken, 'way-in.upgrade-local')).toEqual(critical('app-full'))
    await mend(broken, 'way-in.upgrade-local', { ...APP, maxConnections: 1 })
    expect(found(await setup.diagnose(['way-in']), 'way-in.upgrade-local')).toEqual(fine)
    socket.terminate()
  })
})

/** Puts the pasted line into an app of the configuration, alone. */
async function mend(broken: Diagnosis, id: string, app: object): Promise<void> {
  const paste = broken.of(id).fix?.paste ?? ''
  await setup.reload({ apps: [{ ...app, ...JSON.parse(`{${paste}}`) }] })
}

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { exitCodeOf, type Result } from '../../src/diagnose/run.ts'
import { Diagnosed } from '../support/diagnosis.ts'
import { paste } from '../support/fix.ts'
import { freePort } from '../support/free-port.ts'
import { startNginx } from '../support/nginx.ts'

let diagnosed: Diagnosed
let proxyPort: number
beforeAll(async () => {
  diagnosed = await Diagnosed.start()
  proxyPort = await freePort()
})
afterAll(() => diagnosed[Symbol.asyncDispose]())
beforeEach(() => diagnosed.configure(`REVERB_PORT=${proxyPort}`))

/** nginx in front of the server's HTTP API, where the app sends its events. */
const nginx = (...lines: readonly string[]): Promise<AsyncDisposable> =>
  startNginx(`server {
    listen 127.0.0.1:${proxyPort};
    ${lines.join('\n')}
    location / { proxy_pass http://127.0.0.1:${diagnosed.server.port}; }
  }`)

const HTTP_1_1 = 'proxy_http_version 1.1;'

const CHOICE = { only: ['delivery.payload-size'], skip: ['config'] }

async function expectHealthy(): Promise<void> {
  const results = await diagnosed.diagnose(CHOICE)
  expect(results['delivery.payload-size']).toMatchObject({ outcome: 'ok' })
  expect(exitCodeOf(Object.values(results))).toBe(0)
}

it('proxy-body-size: a proxy that takes less than the server is named as the one', async () => {
  let fix: Result['fix']
  {
    await using _ = await nginx(HTTP_1_1, 'client_max_body_size 64k;')
    const results = await diagnosed.diagnose(CHOICE)
    const { 'delivery.payload-size': found, 'delivery.app-http': small } = results
    expect(small).toMatchObject({ outcome: 'ok' })
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'proxy-body-size' })
    expect(found?.evidence?.join()).toMatch(/answer 413 \(Server: nginx/)
    expect(exitCodeOf(Object.values(results))).toBe(2)
    fix = found?.fix
  }
  await using _ = await nginx(HTTP_1_1, fix?.paste ?? '')
  await expectHealthy()
})

it('proxy-http-version: a proxy that speaks HTTP/1.0 is told to speak 1.1', async () => {
  let fix: Result['fix']
  {
    await using _ = await nginx()
    const { 'delivery.app-http': found } = await diagnosed.diagnose(CHOICE)
    expect(found).toMatchObject({ outcome: 'critical', causeId: 'proxy-http-version' })
    fix = found?.fix
  }
  await using _ = await nginx(fix?.paste ?? '')
  await expectHealthy()
})

it('proxy-upstream: a proxy that does not reach the server is named as the one', async () => {
  await using _ = await startNginx(`server {
    listen 127.0.0.1:${proxyPort};
    location / { proxy_pass http://127.0.0.1:${await freePort()}; }
  }`)
  const { 'delivery.app-http': found } = await diagnosed.diagnose(CHOICE)
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'proxy-upstream' })
})

it.each([
  ['proxy-rate-limit', 'limits how often it may be asked', 'return 429;'],
  ['query-stripped', 'takes the query away', 'set $args "";'],
])('%s: a proxy that %s is named, and what to change in it', async (causeId, cause, line) => {
  await using _ = await startNginx(`server {
    listen 127.0.0.1:${proxyPort};
    location / {
      ${line}
      ${HTTP_1_1}
      proxy_pass http://127.0.0.1:${diagnosed.server.port};
    }
  }`)
  const { 'delivery.app-http': found } = await diagnosed.diagnose(CHOICE)
  expect(found).toMatchObject({ outcome: 'critical', causeId })
  expect(found?.summary).toContain(`:${proxyPort}, behind nginx,`)
  expect(found?.cause).toContain(cause)
  expect(found?.fix?.text).toContain('nginx')
})

it('limit-too-small: a server that takes less than Laravel apps count on is told so', async () => {
  await using _ = await nginx(HTTP_1_1)
  await diagnosed.reconfigure({}, { limits: { eventBytes: 4096 } })

  const { 'delivery.payload-size': found } = await diagnosed.diagnose(CHOICE)

  expect(found).toMatchObject({ outcome: 'critical', causeId: 'limit-too-small' })
  await paste(diagnosed, found as Result)
  await expectHealthy()
})

it('limit-too-small: or less than the app is said to send', async () => {
  await using _ = await nginx(HTTP_1_1)
  const eventBytes = '200000'
  const before = await diagnosed.diagnose(CHOICE, { eventBytes })
  const { 'delivery.payload-size': found } = before
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'limit-too-small' })
  await paste(diagnosed, found as Result)
  const after = await diagnosed.diagnose(CHOICE, { eventBytes })
  expect(after['delivery.payload-size']).toMatchObject({ outcome: 'ok' })
})

it("without an app, the server's own port is tried", async () => {
  const { 'delivery.payload-size': found } = await diagnosed.diagnoseServer(CHOICE)
  expect(found).toMatchObject({ outcome: 'ok' })
})

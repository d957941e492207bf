import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Result } from '../../src/diagnose/run.ts'
import { exitCodeOf } from '../../src/diagnose/run.ts'
import { StartedServer } from '../support/command.ts'
import { Diagnosed } from '../support/diagnosis.ts'
import { paste } from '../support/fix.ts'
import { freePort } from '../support/free-port.ts'

let diagnosed: Diagnosed
beforeAll(async () => {
  diagnosed = await Diagnosed.start()
})
afterAll(() => diagnosed[Symbol.asyncDispose]())
beforeEach(() => diagnosed.configure())

/** What is sent, whatever the configurations say of it. */
const diagnose = (id: string) => diagnosed.diagnose({ only: [id], skip: ['config'] })

async function expectHealthy(): Promise<void> {
  const results = await diagnose('delivery.app-http')
  expect(results['delivery.app-http']).toMatchObject({ outcome: 'ok' })
  expect(exitCodeOf(Object.values(results))).toBe(0)
}

it('an event comes through every way that is in order, timed leg by leg', async () => {
  const results = await diagnose('delivery.php')
  const { 'delivery.app-http': http, 'delivery.php': php } = results
  expect(exitCodeOf(Object.values(results))).toBe(0)
  expect(Object.keys(http?.timings ?? {})).toEqual(['connect', 'subscribe', 'publish', 'arrive'])
  expect(Object.keys(php?.timings ?? {})).toEqual(['connect', 'subscribe', 'php', 'publish'])
})

describe('where the app sends its events elsewhere', () => {
  it.each([
    ['nothing-listens', 'a wrong port', async () => `REVERB_PORT=${await freePort()}`],
    ['unknown-host', 'a host that does not exist', () => 'REVERB_HOST=resound.invalid'],
    [
      'not-resound',
      'the port of the app itself',
      () => `REVERB_PORT=${portOf(diagnosed.laravel.url)}`,
    ],
    ['https-to-http', 'a wrong scheme', () => 'REVERB_SCHEME=https'],
    ['no-host', 'no host', () => 'REVERB_HOST='],
  ])('%s: %s is named, and the lines to paste lead here', async (causeId, _what, line) => {
    await diagnosed.configure(await line())

    const { 'delivery.app-http': found, ...others } = await diagnose('delivery.php')

    expect(found).toMatchObject({ outcome: 'critical', causeId })
    expect(others['delivery.php']).toMatchObject({ outcome: 'not-tested' })
    expect(exitCodeOf(Object.values(others).concat(found as Result))).toBe(2)
    await paste(diagnosed, found as Result)
    await expectHealthy()
  })

  it('other-server: a second server that takes the event is told from this one', async () => {
    await using other = await StartedServer.start(['--config', diagnosed.file])
    await diagnosed.configure(`REVERB_PORT=${other.port}`)

    const { 'delivery.app-http': found } = await diagnose('delivery.app-http')

    expect(found).toMatchObject({ outcome: 'critical', causeId: 'other-server' })
    await paste(diagnosed, found as Result)
    await expectHealthy()
  })
})

describe('where the app calls itself otherwise than the server does', () => {
  it.each([
    ['wrong-app-id', 'REVERB_APP_ID=another'],
    ['wrong-key', 'REVERB_APP_KEY=another'],
  ])('%s is named, with the line to paste', async (causeId, line) => {
    await diagnosed.configure(line)

    const { 'delivery.app-http': found } = await diagnose('delivery.app-http')

    expect(found).toMatchObject({ outcome: 'critical', causeId })
    await paste(diagnosed, found as Result)
    await expectHealthy()
  })

  it('wrong-secret is named, and where the right one is, which is not shown', async () => {
    await diagnosed.configure('REVERB_APP_SECRET=another')

    const { 'delivery.app-http': found } = await diagnose('delivery.app-http')

    expect(found).toMatchObject({ outcome: 'critical', causeId: 'wrong-secret' })
    expect(found?.fix?.text).toMatch(
      /secret of app my-app \(.+resound\.json:\d+:\d+\) to REVERB_APP_SECRET/,
    )
    expect(JSON.stringify(found)).not.toContain('my-secret')
    const place = /\((.+\.json):(\d+):(\d+)\)/.exec(found?.fix?.text ?? '') ?? []
    const [, where = '', line = 0, column = 0] = place
    const text = (await readFile(where, 'utf8')).split('\n')[Number(line) - 1] ?? ''
    const [, secret] = /^(?:"secret": ?)?"([^"]+)"/.exec(text.slice(Number(column) - 1)) ?? []
    await diagnosed.configure(`REVERB_APP_SECRET=${secret}`)
    await expectHealthy()
  })
})

it('php-proxy: what only PHP meets is told from what everybody would', async () => {
  vi.stubEnv('http_proxy', `http://127.0.0.1:${await freePort()}`)
  try {
    const { 'delivery.app-http': http, 'delivery.php': php } = await diagnose('delivery.php')
    expect(http).toMatchObject({ outcome: 'ok' })
    expect(php).toMatchObject({ outcome: 'critical', causeId: 'php-proxy' })
    expect(php?.evidence).toContain('PHP has a proxy: http_proxy')
  } finally {
    vi.unstubAllEnvs()
  }
})

it('app-disabled: an app that the server does not serve is told once, and first', async () => {
  await diagnosed.reconfigure({ enabled: false })
  const results = await diagnose('delivery.app-http')
  const { 'way-in.upgrade-local': found, 'delivery.http': next } = results
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'app-disabled' })
  expect(next).toMatchObject({ outcome: 'not-tested', because: 'way-in.upgrade-local' })
  await diagnosed.reconfigure({ enabled: true })
  await expectHealthy()
})

const portOf = (url: string): string => new URL(url).port

it('path-prefix: an app that leaves it out is given the line for its configuration', async () => {
  await using below = await Diagnosed.start({ server: { pathPrefix: '/reverb' } })
  const choice = { only: ['delivery.app-http'], skip: ['config'] }
  const { 'delivery.app-http': found } = await below.diagnose(choice)
  expect(found).toMatchObject({ outcome: 'critical', causeId: 'path-prefix' })
  const { paste: line, into } = found?.fix ?? {}
  const file = path.join(below.laravel.directory, String(into))
  const before = await readFile(file, 'utf8')
  const host = "'host' => env('REVERB_HOST'),"
  await writeFile(file, before.replace(host, `${host}\n${line}`))
  const { 'delivery.app-http': mended } = await below.diagnose(choice)
  expect(mended).toMatchObject({ outcome: 'ok' })
})

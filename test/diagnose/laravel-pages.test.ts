/** What `config.pages` finds in JavaScript that Vite has really built for a Laravel app. */
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Gallery } from '../support/gallery.ts'

let gallery: Gallery
beforeAll(async () => {
  gallery = await Gallery.start()
  await gallery.addScripts()
})
afterAll(() => gallery[Symbol.asyncDispose]())

const PAGES = ['--only', 'config.pages']
const build = (): Promise<void> => gallery.build()

async function expectWell(...args: readonly string[]): Promise<void> {
  const { code, of } = await gallery.diagnose(...PAGES, ...args)
  expect(of('config.pages')).toMatchObject({ outcome: 'ok' })
  expect(code).toBe(0)
}

async function expectFound(causeId: string, ...args: readonly string[]) {
  const { code, of } = await gallery.diagnose(...PAGES, ...args)
  expect(of('config.pages')).toMatchObject({ outcome: 'critical', causeId })
  expect(code).toBe(2)
  return of('config.pages')
}

it('reads the key, host and port that are in it', async () => {
  const { of } = await gallery.diagnose(...PAGES)
  expect(of('config.pages').summary).toMatch(
    new RegExp(
      `^Pages connect to ws://127\\.0\\.0\\.1:${gallery.port} with the key of this server \\(public/build/assets/echo-[\\w-]+\\.js\\)\\.$`,
    ),
  )
})

it('finds a build of before the key was changed', async () => {
  await gallery.env({ REVERB_APP_KEY: 'before' })
  await build()
  await gallery.env()
  const result = await expectFound('wrong-key-in-build')
  expect(result.fix?.paste).toMatch(/npm run build$/)
  await gallery.paste(result)
  await expectWell()
})

describe('where the .env itself is wrong', () => {
  it.each([
    ['key-missing-in-build', { VITE_REVERB_APP_KEY: undefined }],
    ['wrong-key-in-build', { VITE_REVERB_APP_KEY: 'other' }],
    ['no-host-in-build', { VITE_REVERB_HOST: undefined }],
    ['wrong-port-in-build', { VITE_REVERB_PORT: '1' }],
  ])('finds %s', async (causeId, lines) => {
    await gallery.env(lines)
    await build()
    await gallery.paste(await expectFound(causeId))
    await build()
    await expectWell()
  })
})

it('finds localhost in pages that others see', async () => {
  const app = { APP_ENV: 'production', APP_URL: 'http://chat.example.com' }
  await gallery.env(app)
  await build()
  const result = await expectFound('localhost-in-build')
  expect(result.fix?.paste).toBe('VITE_REVERB_HOST=chat.example.com')
  await gallery.paste(result)
  await build()
  await expectWell('--url', `ws://chat.example.com:${gallery.port}`)
})

it.each([
  [
    'wrong-host-in-build',
    'ws://ws.example.com:8080',
    { VITE_REVERB_HOST: 'old.example.com', VITE_REVERB_PORT: '8080' },
  ],
  [
    'wrong-port-in-build',
    'ws://ws.example.com:8080',
    { VITE_REVERB_HOST: 'ws.example.com', VITE_REVERB_PORT: '6001' },
  ],
  [
    'wrong-scheme-in-build',
    'wss://ws.example.com:8080',
    { VITE_REVERB_HOST: 'ws.example.com', VITE_REVERB_PORT: '8080' },
  ],
])('finds %s by the public address', async (causeId, url, lines) => {
  await gallery.env({ APP_URL: 'http://chat.example.com', ...lines })
  await build()
  await gallery.paste(await expectFound(causeId, '--url', url))
  await build()
  await expectWell('--url', url)
})

it("finds pages over https that would speak TLS to the server's plain port", async () => {
  await gallery.env({ APP_URL: 'https://127.0.0.1' })
  await build()
  await expectFound('wss-to-ws')
})

it("finds Vite's development server in production", async () => {
  await gallery.env({ APP_ENV: 'production' })
  const hot = path.join(gallery.laravel.directory, 'public/hot')
  await writeFile(hot, 'http://127.0.0.1:5173')
  await gallery.paste(await expectFound('hot-file'))
  await gallery.env()
  await build()
  await expectWell()
})

it('goes by the .env where nothing is built', async () => {
  await gallery.env({ VITE_REVERB_APP_KEY: 'other' })
  await rm(path.join(gallery.laravel.directory, 'public/build'), { recursive: true })
  await gallery.paste(await expectFound('wrong-key-in-build'))
  await expectWell()
})

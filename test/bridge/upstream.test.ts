import { expect, it } from 'vitest'
import { Upstream as BridgeUpstream } from '../../src/bridge/upstream.ts'
import { LaravelSource } from '../../src/config/schema/laravel-source.ts'
import { Upstream } from '../support/upstream.ts'

/** The way to a Laravel app that answers so many requests at a time, each when the test says so. */
async function open(authConcurrency = 1): Promise<{
  laravel: Upstream
  answer: () => void
  ask: (signal?: AbortSignal, path?: string, socketId?: string) => ReturnType<BridgeUpstream['ask']>
  upstream: BridgeUpstream
}> {
  const held: (() => void)[] = []
  const laravel = await Upstream.start((response) => void held.push(() => response.end('true')))
  const upstream = new BridgeUpstream(
    LaravelSource.parse({ authUrl: laravel.url, authConcurrency }),
  )
  return {
    laravel,
    upstream,
    answer: () => held.shift()?.(),
    ask: (signal = new AbortController().signal, path = '/', socketId = '1.1') =>
      upstream.ask({ url: laravel.url + path, headers: {}, body: 'a=1', signal, socketId }),
  }
}

it('frees the place in line of a client that goes away', async () => {
  const { laravel, answer, ask, upstream } = await open()
  await using _ = laravel
  const first = ask()
  const leaving = new AbortController()
  const waiting = ask(leaving.signal)
  expect(await ask()).toBe('busy')
  leaving.abort()
  expect(await waiting).toBe('gone')

  const next = ask()
  expect(await ask()).toBe('busy')
  await laravel.arrivals.next()
  answer()
  expect(await first).toMatchObject({ ok: true })
  await laravel.arrivals.next()
  answer()
  expect(await next).toMatchObject({ ok: true })
  expect(laravel.asked).toHaveLength(2)
  expect(upstream.running).toBe(0)
  await upstream.close()
})

it('serves those in line in their order', async () => {
  const { laravel, answer, ask, upstream } = await open(3)
  await using _ = laravel
  const paths = ['/0', '/1', '/2', '/3', '/4', '/5']
  const answers = paths.map((path) => ask(undefined, path))
  expect(await ask()).toBe('busy')
  for (const _first of [0, 1, 2]) await laravel.arrivals.next()
  for (const nth of answers.keys()) {
    answer()
    if (nth < 3) await laravel.arrivals.next()
  }
  for (const each of answers) expect(await each).toMatchObject({ ok: true })
  expect(laravel.asked.slice(3).map(({ path }) => path)).toEqual(['/3', '/4', '/5'])
  await upstream.close()
})

it('makes room in a full line at the cost of the last of who has most in it', async () => {
  const { laravel, answer, ask, upstream } = await open(3)
  await using _ = laravel
  const greedy = ['/0', '/1', '/2', '/3', '/4', '/5'].map((path) => ask(undefined, path, '1.1'))
  expect(await ask(undefined, '/6', '1.1')).toBe('busy')
  const other = ask(undefined, '/other', '2.2')
  expect(await greedy[5]).toBe('busy')
  expect(await ask(undefined, '/more', '2.2')).toBe('busy') // it would have as many as the other
  const third = ask(undefined, '/third', '3.3')
  expect(await greedy[4]).toBe('busy')

  for (let nth = 0; nth < 6; nth += 1) {
    await laravel.arrivals.next()
    answer()
  }
  for (const each of [...greedy.slice(0, 4), other, third]) {
    expect(await each).toMatchObject({ ok: true })
  }
  expect(laravel.asked.slice(3).map(({ path }) => path)).toEqual(['/3', '/other', '/third'])
  await upstream.close()
})

it('gives a place that is left to the next in line, and to one only', async () => {
  const { laravel, answer, ask, upstream } = await open()
  await using _ = laravel
  const leaving = new AbortController()
  const first = ask(leaving.signal)
  const next = ask()
  await laravel.arrivals.next()
  leaving.abort()
  expect(await first).toMatchObject({ ok: false, failure: 'aborted' })
  await laravel.arrivals.next()
  answer() // nobody hears the first
  answer()
  expect(await next).toMatchObject({ ok: true })
  expect(upstream.running).toBe(0)
  await upstream.close()
})

it('is retired when the last request is answered, those in line included', async () => {
  const { laravel, answer, ask, upstream } = await open()
  await using _ = laravel
  const answers = [ask(), ask()]
  let isRetired = false
  const retired = upstream.retire().then(() => {
    isRetired = true
  })
  for (const each of answers) {
    await laravel.arrivals.next()
    expect(isRetired).toBe(false)
    answer()
    expect(await each).toMatchObject({ ok: true })
  }
  await retired
  expect(await ask()).toMatchObject({ ok: false, failure: 'unreachable' })
})

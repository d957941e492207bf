import { describe, expect, it } from 'vitest'
import { App } from '../../src/apps/app.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Limits } from '../../src/config/schema/limits.ts'
import { DONE, type HttpResponse, refusal } from '../../src/http-api/exchange.ts'
import { Idempotency } from '../../src/http-api/idempotency.ts'
import { ManualClock } from '../support/clock.ts'
import { APP } from '../support/server.ts'

const app = new App(AppConfig.parse(APP), Limits.parse({}))
const other = new App(AppConfig.parse({ ...APP, id: '4' }), Limits.parse({}))

/** An endpoint that answers with how often it was called. */
function counter() {
  const counter = {
    calls: 0,
    publish: (): HttpResponse => {
      counter.calls += 1
      return { status: 200, body: `{"call":${counter.calls}}` }
    },
  }
  return counter
}

const FIRST = { status: 200, body: '{"call":1}' }
const SECOND = { status: 200, body: '{"call":2}' }

describe('a request with an idempotency_key', () => {
  it('is answered as the first of that key was, and publishes once', () => {
    const idempotency = new Idempotency(new ManualClock())
    const { publish } = counter()
    expect(idempotency.once({ idempotency_key: 'a', data: 1 }, app, publish)).toEqual(FIRST)
    expect(idempotency.once({ idempotency_key: 'a', data: 2 }, app, publish)).toEqual(FIRST)
    expect(idempotency.once({ idempotency_key: 'b' }, app, publish)).toEqual(SECOND)
  })

  it("is not mistaken for another app's", () => {
    const idempotency = new Idempotency(new ManualClock())
    const { publish } = counter()
    expect(idempotency.once({ idempotency_key: 'a' }, app, publish)).toEqual(FIRST)
    expect(idempotency.once({ idempotency_key: 'a' }, other, publish)).toEqual(SECOND)
  })

  it('is remembered for two minutes', async () => {
    const clock = new ManualClock()
    const idempotency = new Idempotency(clock)
    const { publish } = counter()
    await idempotency.once({ idempotency_key: 'a' }, app, publish)
    clock.advance(119_999)
    expect(idempotency.once({ idempotency_key: 'a' }, app, publish)).toEqual(FIRST)
    clock.advance(2)
    expect(idempotency.once({ idempotency_key: 'a' }, app, publish)).toEqual(SECOND)
  })

  it('waits for the first while that is under way', async () => {
    const idempotency = new Idempotency(new ManualClock())
    const answers = [
      idempotency.once({ idempotency_key: 'a' }, app, () => Promise.resolve(DONE)),
      idempotency.once({ idempotency_key: 'a' }, app, () => refusal(500, 'published twice')),
    ]
    expect(await Promise.all(answers)).toEqual([DONE, DONE])
    expect(idempotency.once({ idempotency_key: 'a' }, app, counter().publish)).toEqual(DONE)
  })

  it('may be repeated when it was refused, or failed', async () => {
    const idempotency = new Idempotency(new ManualClock())
    const { publish } = counter()
    const tooLarge = refusal(413, 'too large')
    expect(idempotency.once({ idempotency_key: 'a' }, app, () => tooLarge)).toEqual(tooLarge)
    const failing = () => Promise.reject(new Error('the broker is gone'))
    await expect(idempotency.once({ idempotency_key: 'a' }, app, failing)).rejects.toThrow('gone')
    expect(idempotency.once({ idempotency_key: 'a' }, app, publish)).toEqual(FIRST)
  })

  it('is forgotten when more come than memory is given to', async () => {
    const idempotency = new Idempotency(new ManualClock())
    const { publish } = counter()
    const large = { status: 200, body: 'x'.repeat(1024 * 1024) }
    await idempotency.once({ idempotency_key: 'a' }, app, publish)
    for (let key = 0; key < 8; key += 1) {
      await idempotency.once({ idempotency_key: `large ${key}` }, app, () => large)
    }
    expect(idempotency.once({ idempotency_key: 'a' }, app, publish)).toEqual(SECOND)
  })

  it.each([7, '', 'x'.repeat(129), {}, ['a'], true])('is refused when that is %j', (key) => {
    const { publish } = counter()
    expect(new Idempotency(new ManualClock()).once({ idempotency_key: key }, app, publish)).toEqual(
      refusal(400, 'idempotency_key is a string of 1 to 128 characters.'),
    )
  })
})

describe('a request without one', () => {
  it.each([[{}], [{ idempotency_key: null }], [null], [[]], ['text']])(
    'is published each time: %j',
    (body) => {
      const idempotency = new Idempotency(new ManualClock())
      const { publish } = counter()
      expect(idempotency.once(body, app, publish)).toEqual(FIRST)
      expect(idempotency.once(body, app, publish)).toEqual(SECOND)
    },
  )
})

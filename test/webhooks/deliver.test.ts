import { describe, expect, it } from 'vitest'
import { App } from '../../src/apps/app.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Limits } from '../../src/config/schema/limits.ts'
import { Outward } from '../../src/outward/outward.ts'
import { deliver } from '../../src/webhooks/deliver.ts'
import { type Endpoint, endpointsOf } from '../../src/webhooks/endpoint.ts'
import { TestEndpoint } from '../support/endpoint.ts'
import { APP } from '../support/server.ts'

const BATCH = { events: 1, time: 1, queuedAt: 1, text: '{"name":"cache_miss","channel":"cache-a"}' }

/** As from a table of apps: the rules for a whole configuration are not asked. */
function endpointsWith(...webhooks: object[]): Endpoint[] {
  return endpointsOf(new App(AppConfig.parse({ ...APP, webhooks }), Limits.parse({})))
}

async function delivered(endpoint: Endpoint | undefined) {
  if (endpoint === undefined) throw new Error('no endpoint')
  const options = { timeoutMilliseconds: 5000, answerBytes: 1024, connections: 1 }
  const guarded = new Outward({ ...options, allowPrivateAddress: false })
  const unguarded = new Outward({ ...options, allowPrivateAddress: true })
  try {
    return await deliver(endpoint, BATCH, { guarded, unguarded })
  } finally {
    await Promise.all([guarded.close(), unguarded.close()])
  }
}

describe('a request to an endpoint', () => {
  it('goes to a private address only where that is allowed', async () => {
    await using endpoint = await TestEndpoint.start()
    const [kept, allowed] = endpointsWith(
      { url: endpoint.url },
      { url: endpoint.url, allowPrivateAddress: true },
    )
    expect(await delivered(kept)).toEqual({ ok: false, reason: 'private-address' })
    expect(endpoint.posted).toEqual([])
    expect(await delivered(allowed)).toEqual({ ok: true })
    expect(endpoint.posted).toHaveLength(1)
  })

  it.each([
    [200, { ok: true }],
    [204, { ok: true }],
    [302, { ok: false, reason: 'status 302' }],
    [404, { ok: false, reason: 'status 404' }],
    [500, { ok: false, reason: 'status 500' }],
  ])('that answers %i', async (status, delivery) => {
    await using endpoint = await TestEndpoint.start()
    endpoint.answer(() => ({ status }))
    const [allowed] = endpointsWith({ url: endpoint.url, allowPrivateAddress: true })
    expect(await delivered(allowed)).toEqual(delivery)
  })
})

describe('an endpoint', () => {
  it('is known by its URL, whatever else of it changes', () => {
    const [before] = endpointsWith({ url: 'https://a.test/' })
    const [other, after] = endpointsWith(
      { url: 'https://b.test/' },
      {
        url: 'https://a.test/',
        events: ['cache_miss'],
        channelPrefix: 'x',
        headers: { 'X-A': 'b' },
      },
    )
    expect(after?.id).toBe(before?.id)
    expect(other?.id).not.toBe(before?.id)
  })

  it('is another one where a URL is there twice', () => {
    const [first, second] = endpointsWith({ url: 'https://a.test/' }, { url: 'https://a.test/' })
    expect(second?.id).not.toBe(first?.id)
  })

  it('is called by its URL without what may be secret', () => {
    const [endpoint] = endpointsWith({
      url: 'https://ann:secret@a.test:8443/hook/secret?token=secret#x',
    })
    expect(endpoint?.label).toBe('https://a.test:8443/hook/********?********')
  })
})

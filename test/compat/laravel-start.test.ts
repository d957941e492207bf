import { describe, expect, it } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { listen, openPage, subscribed } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { ANN, type Laravel, startLaravel } from '../support/laravel.ts'
import { startRedis } from '../support/redis.ts'
import { type Driver, laravelEnv } from '../support/snippets.ts'

const TEXT = 'héllo/"🙂"'

/** Starts the server for an application, with nothing else configured but a free admin port. */
const startFor = ({ directory }: Laravel) =>
  StartedServer.start(['--laravel', directory], {
    directory,
    environment: { RESOUND_PORT: undefined },
  })

/** Shows that what the application broadcasts arrives in a page of its own. */
async function expectDelivery(driver: Driver, env: string, laravel: Laravel): Promise<void> {
  const endpoint = `${laravel.url}/api/broadcasting`
  using page = await openPage({ setup: driver, env, endpoint }, laravel, ANN)
  const order = page.echo.private('orders.1')
  await subscribed(order)
  const shipped = listen(order, 'OrderShipped')

  await laravel.post('/orders/1/ship', { text: TEXT })

  expect(await shipped.next()).toEqual({ order: 1, text: TEXT })
}

describe("resound start --laravel, with nothing but the app's .env,", () => {
  it('serves an app on the reverb driver', async () => {
    const env = await laravelEnv('reverb', { REVERB_PORT: await freePort() })
    await using laravel = await startLaravel(env)
    await using _ = await startFor(laravel)

    await expectDelivery('reverb', env, laravel)
  })

  it('serves an app on the pusher driver', async () => {
    const env = await laravelEnv('pusher', { PUSHER_PORT: await freePort() })
    await using laravel = await startLaravel(env)
    await using _ = await startFor(laravel)

    await expectDelivery('pusher', env, laravel)
  })

  it('serves an app on the redis driver, with the prefix that its configuration makes', async () => {
    await using redis = await startRedis()
    const port = await freePort()
    const ports = { REDIS_PORT: redis.port, REVERB_PORT: port, REVERB_SERVER_PORT: port }
    const env = await laravelEnv('redis', ports)
    await using laravel = await startLaravel(`${env}\nBROADCAST_AUTH_CONNECTION=reverb`)
    await using server = await startFor(laravel)
    await server.logged('listening to Redis')

    await expectDelivery('redis', env, laravel)
  })

  it('serves an app on the redis driver that names its prefix', async () => {
    await using redis = await startRedis()
    const port = await freePort()
    const ports = { REDIS_PORT: redis.port, REVERB_PORT: port, REVERB_SERVER_PORT: port }
    const env = `${await laravelEnv('redis', ports)}\nREDIS_PREFIX=my-app-`
    await using laravel = await startLaravel(`${env}\nBROADCAST_AUTH_CONNECTION=reverb`)
    await using server = await startFor(laravel)
    await server.logged('listening to Redis')

    await expectDelivery('redis', env, laravel)
  })
})

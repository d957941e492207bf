import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { StartedServer } from '../support/command.ts'
import { listen, openPage, subscribed } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { ANN, startLaravel } from '../support/laravel.ts'
import { Page } from '../support/page.ts'
import { readSnippet } from '../support/snippets.ts'

const PAGE = new Page('from-pusher.md')
const CONFIG = path.join(import.meta.dirname, '../support/laravel-app/config/broadcasting.php')

/** The `.env` of an app on Pusher: the README's, without what the page adds. */
async function hostedEnv(): Promise<string> {
  const added = PAGE.block('sh', 'PUSHER_HOST=').split('\n')
  const lines = (await readSnippet('pusher.env')).split('\n')
  expect(lines).toEqual(expect.arrayContaining(added))
  return lines.filter((line) => line === '' || !added.includes(line)).join('\n')
}

describe('the page about moving from Pusher', () => {
  it("moves a Laravel app by the lines it adds to the app's .env, webhook and whispers included", async () => {
    const port = await freePort()
    const added = PAGE.block('sh', 'PUSHER_HOST=').replace(
      /^PUSHER_PORT=.*$/m,
      `PUSHER_PORT=${port}`,
    )
    const env = `${await hostedEnv()}\n${added}`
    // The tests' app verifies webhooks by its reverb connection.
    const verifying = ['ID', 'KEY', 'SECRET'].map(
      (part) => `REVERB_APP_${part}=\${PUSHER_APP_${part}}`,
    )
    await using laravel = await startLaravel([env, ...verifying].join('\n'))
    const { environment, args } = PAGE.command('start')
    await using _ = await StartedServer.start(
      args.slice(1).map((word) => (word === '../my-app' ? laravel.directory : word)),
      {
        directory: laravel.directory,
        environment: {
          ...environment,
          RESOUND_PORT: undefined,
          RESOUND_APP_WEBHOOKS_URL: `${laravel.url}${new URL(environment['RESOUND_APP_WEBHOOKS_URL'] ?? '').pathname}`,
          RESOUND_APP_WEBHOOKS_ALLOW_PRIVATE_ADDRESS: 'true',
        },
      },
    )
    using page = await openPage(
      { setup: 'pusher', env, endpoint: `${laravel.url}/api/broadcasting` },
      laravel,
      ANN,
    )
    const order = page.echo.private('orders.1')
    await subscribed(order)
    const shipped = listen(order, 'OrderShipped')
    await laravel.post('/orders/1/ship', { text: 'moved' })
    expect(await shipped.next()).toEqual({ order: 1, text: 'moved' })
    order.whisper('typing', { name: 'Ann' })

    await vi.waitFor(
      async () =>
        expect(await laravel.request('GET', '/webhooks')).toEqual([
          { name: 'channel_occupied', channel: 'private-orders.1' },
          {
            name: 'client_event',
            channel: 'private-orders.1',
            event: 'client-typing',
            data: '{"name":"Ann"}',
            socket_id: page.socketId,
          },
        ]),
      10_000,
    )
  })

  it('shows options of the Echo and the config/broadcasting.php that the tests run', async () => {
    const echo = await readSnippet('echo-pusher.js')
    for (const line of PAGE.block('js', 'wsHost').trimEnd().split('\n')) {
      expect(echo).toContain(`  ${line}\n`)
    }
    const config = await readFile(CONFIG, 'utf8')
    for (const line of PAGE.block('php', 'PUSHER_HOST').trimEnd().split('\n')) {
      expect(config).toContain(`${line}\n`)
    }
  })
})

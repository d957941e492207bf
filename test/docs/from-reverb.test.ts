import { parse } from 'dotenv'
import { describe, expect, it } from 'vitest'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { listen, openPage, subscribed } from '../support/echo.ts'
import { freePort } from '../support/free-port.ts'
import { Inbox } from '../support/inbox.ts'
import { ANN, BEN, startLaravel } from '../support/laravel.ts'
import { Page, type ShownCommand, variablesOf } from '../support/page.ts'

const PAGE = new Page('from-reverb.md')
const APP = '/srv/my-app'

/** The page's `.env`, as `php artisan reverb:install` writes it, with a port that is free. */
const envOf = async (): Promise<string> =>
  PAGE.block('sh', 'REVERB_APP_KEY=').replace(
    /^REVERB_PORT=.*$/m,
    `REVERB_PORT=${await freePort()}`,
  )

const inDirectory = ({ args }: ShownCommand, directory: string): readonly string[] =>
  args.map((word) => (word === APP ? directory : word))

/** Starts what a command of the page starts, for the app in a directory. */
const startAs = (command: ShownCommand, directory: string): Promise<StartedServer> =>
  StartedServer.start(inDirectory(command, directory).slice(1), {
    directory,
    environment: { RESOUND_PORT: undefined, ...command.environment },
  })

/** The value of a line in the page's unit. */
function unit(name: string): string {
  const [, value] = new RegExp(`^${name}=(.+)$`, 'm').exec(PAGE.block('ini', '[Service]')) ?? []
  if (value === undefined) throw new Error(`the unit has no ${name}`)
  return value
}

const unitCommand = (): ShownCommand => {
  const [, args = ''] =
    /^\/usr\/bin\/node dist\/bin\/resound\.js (.+)$/.exec(unit('ExecStart')) ?? []
  return { environment: variablesOf(unit('Environment').split(' ')), args: args.split(' ') }
}

describe('the page about moving from Reverb', () => {
  it.each([
    ['command', () => PAGE.command('start')],
    ['unit', unitCommand],
  ])(
    "serves a Laravel app on the reverb driver by the %s, from the app's .env alone",
    async (_, of) => {
      const env = await envOf()
      await using laravel = await startLaravel(env)
      await using server = await startAs(of(), laravel.directory)
      const endpoint = `${laravel.url}/api/broadcasting`
      using ann = await openPage({ setup: 'reverb', env, endpoint }, laravel, ANN)
      using ben = await openPage({ setup: 'reverb', env, endpoint }, laravel, BEN)

      const chats = [ann.echo.join('chat.1'), ben.echo.join('chat.1')] as const
      await Promise.all(chats.map(subscribed))
      const toBen = listen(chats[1], 'MessageSent')
      await laravel.post('/chat/1/messages', { text: 'moved' })
      expect(await toBen.next()).toEqual({ text: 'moved' })

      const whispers = new Inbox()
      chats[1].listenForWhisper('typing', whispers.push)
      chats[0].whisper('typing', { name: 'Ann' })
      expect(await whispers.next()).toEqual({ name: 'Ann' })
      expect(server.port).toBe(Number(parse(env)['REVERB_PORT']))
    },
  )

  it('reloads and stops by the signals of the unit, within its time', async () => {
    const env = await envOf()
    using app = new Directory({ '.env': env })
    await using server = await startAs(unitCommand(), app.path)
    expect(unit('ExecReload')).toBe('/bin/kill -HUP $MAINPID')
    app.write('.env', env.replace(/^REVERB_APP_KEY=.*$/m, 'REVERB_APP_KEY=another'))
    server.signal('SIGHUP')
    await server.logged('reloaded')
    server.signal('SIGTERM')
    expect(await server.exit()).toBe(0)
    expect(Number(unitCommand().environment['RESOUND_DRAIN_WINDOW_SECONDS'])).toBeLessThan(
      Number(unit('TimeoutStopSec')),
    )
  })

  it("shows what is made of the app's .env", async () => {
    using app = new Directory({ '.env': PAGE.block('sh', 'REVERB_APP_KEY=') })
    const { code, stdout } = await resound(inDirectory(PAGE.command('config show'), app.path))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^port +8080\n +from REVERB_PORT/m)
  })

  it('says rightly which settings are read, and as which option', async () => {
    const read = PAGE.rows().flatMap(([name = '', option = '']) => {
      const [, variable] = /^`(REVERB_\w+)`$/.exec(name) ?? []
      const [, target] = /^read: `(.+)`$/.exec(option) ?? []
      return variable === undefined || target === undefined ? [] : [{ variable, target }]
    })
    expect(read).toHaveLength(6)
    using app = new Directory({
      '.env': [
        ...['BROADCAST_CONNECTION=reverb', 'REVERB_SERVER_HOST=127.0.0.1', 'REVERB_SERVER_PORT=81'],
        ...['REVERB_SERVER_PATH=/ws', 'REVERB_APP_ID=1', 'REVERB_APP_KEY=k', 'REVERB_APP_SECRET=s'],
      ].join('\n'),
    })
    const { stdout } = await resound(['config', 'show', '--laravel', app.path])
    for (const { variable, target } of read) {
      const option = target.replace('[]', '[0]').replaceAll(/[[\].]/g, '\\$&')
      expect(stdout).toMatch(new RegExp(`^${option} .*\n +from ${variable} `, 'm'))
    }
  })
})

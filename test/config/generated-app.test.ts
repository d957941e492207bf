import { mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Loaded, loadConfig, readConfig } from '../../src/config/load.ts'
import { Directory } from '../support/directory.ts'

const FILE = '.resound/app.json'

function start(directory: Directory, environment = {}): Loaded {
  return loadConfig({ directory: directory.path, environment, keepGeneratedApp: true })
}

describe('without any app configured', () => {
  it('one is generated and kept for its owner only', () => {
    using directory = new Directory()
    const { config, originOf } = start(directory)
    const [app, ...others] = config.apps
    expect(others).toEqual([])
    expect(app?.id).toMatch(/^[1-9]\d{5}$/)
    expect(app?.key).toMatch(/^[0-9a-f]{20}$/)
    expect(app?.secret).toMatch(/^[0-9a-f]{40}$/)
    const { id, key, secret } = app ?? {}
    expect(JSON.parse(directory.read(FILE))).toEqual({ id, key, secret })
    expect(statSync(directory.file('.resound')).mode & 0o777).toBe(0o700)
    expect(statSync(directory.file(FILE)).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory.file('.resound'))).toEqual(['app.json'])
    const file = directory.file(FILE)
    expect(originOf(['apps', 0, 'secret'])).toEqual({ kind: 'generated', file, isKept: true })
  })

  it('the next start has the same one, and another directory another', () => {
    using directory = new Directory()
    using elsewhere = new Directory()
    const { apps } = start(directory).config
    expect(start(directory).config.apps).toEqual(apps)
    expect(start(elsewhere).config.apps[0]?.secret).not.toBe(apps[0]?.secret)
  })

  it('none is generated where apps come from a table', () => {
    using directory = new Directory()
    const { config } = start(directory, { RESOUND_POSTGRES_URL: 'postgres://db/apps' })
    expect(config.apps).toEqual([])
    expect(readdirSync(directory.path)).toEqual([])
  })

  it('its other options come from the environment', () => {
    using directory = new Directory()
    const { apps } = start(directory, { RESOUND_APP_CLIENT_EVENTS: 'true' }).config
    expect(apps[0]?.clientEvents).toBe(true)
  })

  it('nothing is written by who only looks', () => {
    using directory = new Directory()
    const { config, originOf } = loadConfig({ directory: directory.path, environment: {} })
    expect(config.apps).toHaveLength(1)
    expect(originOf(['apps', 0, 'key'])).toMatchObject({ kind: 'generated', isKept: false })
    expect(readdirSync(directory.path)).toEqual([])
  })

  it('nothing is written when something else is refused', () => {
    using directory = new Directory()
    expect(() => start(directory, { RESOUND_PORT: 'x' })).toThrow('RESOUND_PORT')
    expect(readdirSync(directory.path)).toEqual([])
  })
})

it('is not needed, nor made, where an app is configured', () => {
  using directory = new Directory({
    'app/.env': 'REVERB_APP_ID=1\nREVERB_APP_KEY=k\nREVERB_APP_SECRET=s\n',
  })
  const flags = { laravel: 'app' }
  loadConfig({ directory: directory.path, environment: {}, flags, keepGeneratedApp: true })
  expect(readdirSync(directory.path)).toEqual(['app'])
})

it.each([
  ['not JSON', 'id=1'],
  ['empty', ''],
  ['incomplete', { id: '1', key: 'k' }],
  ['too much', { id: '1', key: 'k', secret: 's', more: 1 }],
])('is never replaced when its file is %s', (_what, content) => {
  using directory = new Directory({ [FILE]: content })
  const before = directory.read(FILE)
  const reading = readConfig({ directory: directory.path, environment: {}, keepGeneratedApp: true })
  expect(reading).toEqual({
    valid: false,
    problems: [
      {
        code: 'RESOUND_CONFIG_INVALID',
        place: directory.file(FILE),
        message:
          'the generated app is damaged: restore the file, or delete it to have another app generated',
      },
    ],
  })
  expect(directory.read(FILE)).toBe(before)
})

it('cannot be read through something that is not a file', () => {
  using directory = new Directory()
  mkdirSync(directory.file(FILE), { recursive: true })
  expect(() => start(directory)).toThrow('the generated app cannot be read (EISDIR)')
})

it.each([
  [
    'the directory of the state is a file',
    (directory: Directory) => directory.write('.resound', ''),
    'RESOUND_CONFIG_UNREADABLE',
  ],
  [
    'the file is a link to nowhere',
    (directory: Directory) => {
      mkdirSync(directory.file('.resound'))
      symlinkSync('nowhere', directory.file(FILE))
    },
    'RESOUND_STATE_UNWRITABLE',
  ],
])('is a fault when %s', (_what, prepare, code) => {
  using directory = new Directory()
  prepare(directory)
  expect(() => start(directory)).toThrow(expect.objectContaining({ code }))
})

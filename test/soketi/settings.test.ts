import { expect, it } from 'vitest'
import { SoketiSettings } from '../../src/soketi/settings.ts'
import { Directory } from '../support/directory.ts'

interface Given {
  readonly file?: unknown
  readonly variables?: Readonly<Record<string, string>>
  readonly dotenv?: string
}

function read({ file, variables, dotenv }: Given) {
  using directory = new Directory({
    ...(file === undefined ? {} : { 'soketi.json': file }),
    ...(dotenv === undefined ? {} : { '.env': dotenv }),
  })
  return SoketiSettings.read({
    file:
      file === undefined ? undefined : { path: directory.file('soketi.json'), name: 'soketi.json' },
    environment:
      variables === undefined ? undefined : { variables, dotenv: directory.file('.env') },
  })
}

function settings(given: Given): SoketiSettings {
  const soketi = read(given)
  if ('problems' in soketi) throw new Error(soketi.problems.map(({ message }) => message).join())
  return soketi
}

it.each([
  ['a path with dots', { 'eventLimits.maxPayloadInKb': 5 }],
  ['objects', { eventLimits: { maxPayloadInKb: 5 } }],
  ['a path of objects', { 'eventLimits.maxBatchSize': 3, eventLimits: { maxPayloadInKb: 5 } }],
])('reads %s in the file', (_what, file) => {
  const soketi = settings({ file })
  expect(soketi.valueOf('eventLimits.maxPayloadInKb')).toBe(5)
  expect(soketi.valueOf('eventLimits.maxNameLength')).toBe(200)
  expect(soketi.unknown).toEqual([])
})

it.each([
  ['a number', '6002', 6002],
  ['a truth', 'true', true],
  ['a text', 'abc', 'abc'],
  ['JSON', '[{"host":"a","port":1}]', [{ host: 'a', port: 1 }]],
  ['null', 'null', 'null'],
  ['digits after a zero', '007', '007'],
  ['what only looks like a number', '1e3', '1e3'],
  ['more digits than a number has', '12345678901234567890', '12345678901234567890'],
])('takes %s in a variable as what it is', (_what, text, value) => {
  const soketi = settings({ variables: { SOKETI_DB_REDIS_PASSWORD: text } })
  expect(soketi.valueOf('database.redis.password')).toEqual(value)
})

it('lets a variable win over the file, and the environment over .env', () => {
  const soketi = settings({
    file: { port: 1, host: 'file', 'metrics.port': 1 },
    dotenv: 'SOKETI_PORT=2\nSOKETI_HOST="dotenv"\nAPP_KEY=other\n',
    variables: { SOKETI_PORT: '3', SOKETI_METRICS_SERVER_PORT: '' },
  })
  expect(['port', 'host', 'metrics.port'].map((path) => soketi.valueOf(path))).toEqual([
    3,
    'dotenv',
    1,
  ])
})

it('has an app of its own, which variables change', () => {
  const variables = { SOKETI_DEFAULT_APP_KEY: '123', SOKETI_DEFAULT_APP_MAX_CONNS: '5' }
  expect(settings({ variables }).apps).toEqual([
    expect.objectContaining({ id: 'app-id', key: 123, secret: 'app-secret', maxConnections: 5 }),
  ])
})

it.each([
  ['under a path', { 'appManager.array.apps': [{ id: 'a' }, { id: 'b' }] }],
  ['in objects', { appManager: { array: { apps: [{ id: 'a' }, { id: 'b' }] } } }],
  ['each under its path', { 'appManager.array.apps.0.id': 'a', 'appManager.array.apps.1.id': 'b' }],
])('lists the apps of the file, %s', (_what, file) => {
  expect(settings({ file }).apps).toEqual([
    expect.objectContaining({ id: 'a', key: 'app-key' }),
    { id: 'b' },
  ])
})

it('has no app where the list is empty', () => {
  expect(settings({ file: { 'appManager.array.apps': [] } }).apps).toEqual([])
})

it('names what is not an option of soketi, with what was probably meant', () => {
  const soketi = settings({
    file: '{\n  "prot": 6001,\n  "metrics": { "enabeld": true },\n  "cors": {}, "debug": false\n}',
    variables: { SOKETI_DEFAULT_APP_SECRT: 'x', SOKETI_PORT: 'tcp://10.0.0.1:6001', OTHER: '1' },
  })
  expect(soketi.unknown).toEqual([
    {
      name: 'SOKETI_DEFAULT_APP_SECRT',
      place: 'SOKETI_DEFAULT_APP_SECRT',
      meant: 'SOKETI_DEFAULT_APP_SECRET',
    },
    { name: 'prot', place: 'soketi.json:2:3', meant: 'port' },
    { name: 'metrics.enabeld', place: 'soketi.json:3:16', meant: 'metrics.enabled' },
  ])
  expect(soketi.valueOf('port')).toBe(6001)
})

it('knows what was changed, and where', () => {
  const soketi = settings({
    file: '{\n  "port": 6001,\n  "cors.methods": "GET"\n}',
    variables: { SOKETI_MODE: 'worker', SOKETI_HOST: '0.0.0.0' },
  })
  expect(soketi.changed).toEqual(['cors.methods', 'mode'])
  expect(['cors.methods', 'mode', 'debug'].map((path) => soketi.placeOf(path))).toEqual([
    'soketi.json:3:3',
    'SOKETI_MODE',
    undefined,
  ])
})

it('leaves variables alone unless they are asked for', () => {
  expect(settings({ file: {}, dotenv: 'SOKETI_PORT=1\n' }).valueOf('port')).toBe(6001)
})

it('does not go on with a file that is not JSON', () => {
  expect(read({ file: '{ port: 1 }' })).toEqual({
    problems: [
      {
        code: 'RESOUND_CONFIG_INVALID',
        place: 'soketi.json:1:3',
        message: 'is not JSON: invalid symbol',
      },
    ],
  })
})

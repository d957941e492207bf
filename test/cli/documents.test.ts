/** Every JSON document that a command prints is as its published schema says. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOf, schemaFile, schemas } from '../../src/cli/documents/all.ts'
import { commands } from '../../src/cli/main.ts'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { greeting, Sockets } from '../support/pusher-sockets.ts'

const SCHEMAS = path.join(import.meta.dirname, '../../docs/schemas')

const published = (name: string): object =>
  JSON.parse(readFileSync(path.join(SCHEMAS, schemaFile(name)), 'utf8'))

/** The words of every command that takes `--json`. */
function* printing(command: Command, words: readonly string[] = []): Generator<string> {
  if (command.options.some(({ long }) => long === '--json')) yield words.join(' ')
  for (const sub of command.commands) yield* printing(sub, [...words, sub.name()])
}

const COMMANDS = [...printing(commands(() => undefined))]

describe('the published schemas', () => {
  it('are those of the documents: run `npm run docs`', () => {
    expect(readdirSync(SCHEMAS).sort()).toEqual([...schemas().keys()].map(schemaFile).sort())
    for (const [name, schema] of schemas()) expect(published(name), name).toEqual(schema)
  })

  it.each(COMMANDS)('have one of `resound %s --json`', (command) => {
    expect([...schemas().keys()]).toContain(documentOf(command.split(' ')))
  })

  it('allow what a later release adds, and nothing that is left out', () => {
    const validate = validatorOf('version')
    const document = { schema: 'resound.version/1', version: '1.0.0', node: '22.0.0' }
    expect(validate({ ...document, later: true })).toBe(true)
    expect(validate({ ...document, node: undefined })).toBe(false)
    expect(validate({ ...document, schema: 'resound.version/2' })).toBe(false)
  })
})

function validatorOf(name: string) {
  const ajv = new Ajv.default({ allErrors: true })
  addFormats.default(ajv)
  return ajv.compile(published(name))
}

/** What to run of each command, in this order: the last ones end the server. */
const RUNS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['version'],
  ['config.check', '--config', 'none.json'],
  ['config.check'],
  ['config.show'],
  ['config.env'],
  ['config.docs'],
  ['config.import', 'soketi.json'],
  ['status'],
  ['health'],
  ['metrics'],
  ['metrics.watch'],
  ['webhooks.list'],
  ['webhooks.replay'],
  ['diagnose'],
  ['diagnose.list'],
  ['tail'],
  ['channels'],
  ['connections'],
  ['connections.close'],
  ['users'],
  ['users.disconnect', '7'],
  ['trigger', 'news', 'told'],
  ['console'],
  ['bench'],
  ['reload'],
  ['restart'],
  ['stop'],
]

/** How a document comes about whose name is not its command's, or which needs more. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  'config.import': ['config', 'import', 'soketi'],
  'metrics.watch': ['metrics', '--watch', '--interval', '1'],
  'diagnose.list': ['diagnose', '--list'],
  tail: ['tail', '--limit', '1'],
  bench: ['bench', '--quiet', '-d', '1', '--warm-up', '0', '-c', '2', '--channels', '1'],
  stop: ['stop', '--now'],
}

describe('each document', () => {
  const directory = new Directory({
    'resound.json': { apps: [{ id: '1', key: 'key', secret: 'a-secret-of-some-length' }] },
    'soketi.json': { 'appManager.array.apps': [{ id: '1', key: 'k', secret: 's' }], debug: true },
  })
  let server: StartedServer

  beforeAll(async () => {
    const surroundings = { directory: directory.path }
    server = await StartedServer.start(['--config', 'resound.json'], surroundings)
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  it('is made below, of every command', () => {
    const names = new Set(RUNS.map(([name]) => name))
    for (const command of COMMANDS) expect(names).toContain(documentOf(command.split(' ')))
    expect([...names].sort()).toEqual([...schemas().keys()].sort())
  })

  it.each(RUNS)('of %s is as its schema says', { timeout: 60_000 }, async (name, ...args) => {
    const words = [...(WORDS[name] ?? name.split('.')), ...args, '--json']
    const validate = validatorOf(name)
    const document = JSON.parse(await printed(name, words))
    validate(document)
    expect(validate.errors).toBeNull()
  })

  /** What a command prints; of one that goes on, its first line. */
  async function printed(name: string, words: readonly string[]): Promise<string> {
    if (ALONE.has(name) || words.includes('--config')) {
      return (await resound(words, { directory: directory.path })).stdout
    }
    if (name === 'bench') {
      const url = `ws://127.0.0.1:${server.port}`
      return (await resound([...words, '--url', url, ...APP], LONG)).stdout
    }
    if (name === 'connections.close') {
      using sockets = await Sockets.open(server.port, 1)
      const { stdout } = await server.command('connections', 'list', '--json')
      const [connection] = JSON.parse(stdout).connections
      const closed = await server.command(...words, connection.socketId)
      await sockets.closed
      return closed.stdout
    }
    if (!GOING_ON.has(name)) return (await server.command(...words)).stdout
    await using running = server.begin(...words)
    // A viewer is told of what happens after it has come, and there is nothing else to see.
    const connecting = setInterval(() => void greeting(server.port), 200)
    try {
      return await running.line()
    } finally {
      clearInterval(connecting)
    }
  }
})

/** Those that take no configuration. */
const ALONE = new Set(['version', 'config.env', 'config.docs', 'config.import'])
const GOING_ON = new Set(['metrics.watch', 'tail'])
const APP = ['--app-id', '1', '--key', 'key', '--secret', 'a-secret-of-some-length']
const LONG = { patience: 60_000 }

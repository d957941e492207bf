/** Completion, in the shells themselves. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { commands } from '../../src/cli/commands.ts'
import { bashScript } from '../../src/cli/completion-bash.ts'
import { fishScript } from '../../src/cli/completion-fish.ts'
import { places } from '../../src/cli/completion-tree.ts'
import { zshScript } from '../../src/cli/completion-zsh.ts'
import { resound, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'

const directory = new Directory({
  'resound.json': { apps: [{ id: 'shop', key: 'key', secret: 'a-secret-of-some-length' }] },
})
let server: StartedServer
let socket: WebSocket

beforeAll(async () => {
  const file = directory.file('resound.json')
  const tree = places(await commands(() => undefined))
  directory.write('completion.bash', bashScript(tree))
  directory.write('completion.zsh', zshScript(tree))
  directory.write('completion.fish', fishScript(tree))
  server = await StartedServer.start(['--config', file])
  socket = new WebSocket(`ws://127.0.0.1:${server.port}/app/key?protocol=7`)
  await once(socket, 'message')
  const data = { channel: 'news-today' }
  socket.send(JSON.stringify({ event: 'pusher:subscribe', data }))
  await once(socket, 'message')
})

afterAll(async () => {
  socket.terminate()
  await server[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

/** How a shell is asked what it would complete the last word of a line with. */
const SHELLS = {
  bash: (words: readonly string[]) => [
    'bash',
    '--norc',
    '-c',
    `source completion.bash; COMP_WORDS=(resound "$@"); COMP_CWORD=$#; _resound; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    ...words,
  ],
  // What its own functions are given, which show it on the line.
  zsh: (words: readonly string[]) => [
    'zsh',
    '-f',
    '-c',
    `compdef() { }; source ./completion.zsh
     compadd() { shift; print -l -- \${(M)@:#$cur*}; }
     _describe() { print -l -- \${(M)found:#$cur*}; }
     words=(resound "$@"); CURRENT=$#words; _resound`,
    'zsh',
    ...words,
  ],
  fish: (words: readonly string[]) => [
    'fish',
    '--no-config',
    '-c',
    `source completion.fish; complete -C "resound $argv"`,
    ...words,
  ],
} as const

async function completed(shell: keyof typeof SHELLS, words: readonly string[]) {
  const [program = '', ...args] = SHELLS[shell](words)
  const { stdout } = await promisify(execFile)(program, args, {
    cwd: directory.path,
    env: { PATH: process.env['PATH'], HOME: directory.path, TERM: 'dumb' },
  })
  return stdout
    .split('\n')
    .map((line) => line.split(/[\t:]/)[0] ?? '')
    .filter((word) => word !== '')
    .sort()
}

describe.each(['bash', 'zsh', 'fish'] as const)('in %s', (shell) => {
  it.each([
    ['commands', ['he'], ['health']],
    ['commands of commands', ['config', 'sh'], ['show']],
    ['options', ['health', '--war'], ['--warn-ms']],
    ['options after others', ['status', '--json', '--wat'], ['--watch']],
    ['choices of an option', ['health', '--format', ''], ['json', 'nagios', 'text']],
    ['choices of an argument', ['completion', ''], ['bash', 'fish', 'zsh']],
  ])('%s are completed', async (_what, words, expected) => {
    expect(await completed(shell, words)).toEqual(expected)
  })
})

describe('the names of what is live', () => {
  /** On a busy machine the server may not answer in time, and then there are none. */
  const ask = async (...args: readonly string[]) => (await resound(['__complete', ...args])).stdout

  it('are those of the server that the line is about', async () => {
    const line = ['--', 'tail', '--admin-url', server.admin]
    await eventually(async () => expect(await ask('channels', 'ne', ...line)).toBe('news-today\n'))
    expect(await ask('channels', 'x', ...line)).toBe('')
    const apps = () => ask('apps', '', '--', 'tail', '--config', directory.file('resound.json'))
    await eventually(async () => expect(await apps()).toBe('shop\n'))
  })

  it('are none, without a word, where no server answers', async () => {
    const outcome = await resound([
      '__complete',
      'channels',
      '',
      '--',
      '--admin-url',
      'http://127.0.0.1:1',
    ])
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

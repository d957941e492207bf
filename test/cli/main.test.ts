import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import { PROGRAM, resound } from '../support/command.ts'
import { Directory } from '../support/directory.ts'

const COMMANDS = [
  [],
  ['start'],
  ['stop'],
  ['drain'],
  ['restart'],
  ['reload'],
  ['status'],
  ['health'],
  ['tail'],
  ['channels'],
  ['connections'],
  ['connections', 'list'],
  ['connections', 'close'],
  ['users'],
  ['users', 'list'],
  ['users', 'disconnect'],
  ['trigger'],
  ['diagnose'],
  ['metrics'],
  ['config'],
  ['config', 'check'],
  ['config', 'show'],
  ['config', 'docs'],
  ['config', 'env'],
  ['config', 'import'],
  ['config', 'import', 'soketi'],
  ['webhooks'],
  ['webhooks', 'list'],
  ['webhooks', 'replay'],
  ['bench'],
  ['completion'],
  ['version'],
] as const

describe('--help', () => {
  it.each(COMMANDS.map((words) => [words.join(' '), words] as const))(
    'of "resound %s" goes to standard output, in 80 columns and without colour',
    async (_name, words) => {
      const { code, stdout, stderr } = await resound([...words, '--help'])
      expect(code).toBe(0)
      expect(stderr).toBe('')
      expect(stdout).toMatch(new RegExp(`^Usage: ${['resound', ...words].join(' ')}`))
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
      expect(stdout).not.toContain('\u001b')
    },
  )

  it.each([
    [['help'], 'Usage: resound '],
    [['help', 'users', 'list'], 'Usage: resound users list'],
  ])('is what %j prints as well', async (words, text) => {
    const { code, stdout, stderr } = await resound(words)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^${text}`))
  })

  it('lists the commands that there are, a line each without a full stop', async () => {
    const { stdout } = await resound(['--help'])
    const list = stdout.split('Commands:\n')[1]?.trimEnd().split('\n') ?? []
    expect(list.map((line) => line.trim().split(' ')[0])).toEqual([
      ...['start', 'stop', 'drain', 'restart', 'reload', 'status', 'health', 'diagnose', 'metrics'],
      ...['console', 'tail', 'channels', 'connections', 'users', 'trigger', 'config', 'webhooks'],
      ...['bench', 'completion', 'version'],
    ])
    for (const line of list) expect(line).not.toMatch(/\.$/)
  })
})

it.each([
  ['no command', [], 'Usage: resound'],
  ['an unknown command', ['begin'], "unknown command 'begin'"],
  ['a config command too little', ['config'], 'Usage: resound config'],
  ['an unknown option', ['start', '--threads', '2'], "unknown option '--threads'"],
  ['an option without its value', ['start', '--port'], 'argument missing'],
  ['an argument too many', ['version', 'now'], 'too many arguments'],
  ['a choice that there is not', ['config', 'docs', '--page', 'x'], 'Allowed choices are'],
  ['a colour that there is not', ['--color', 'red', 'version'], 'Allowed choices are'],
])('%s is wrong usage: exit code 2, and nothing on standard output', async (_what, args, text) => {
  const { code, stdout, stderr } = await resound(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(text)
})

it('a refused configuration ends with 78 and says message, code and remedy', async () => {
  using directory = new Directory({ 'resound.json': { port: 'x' } })
  const options = { directory: directory.path }
  for (const command of [['start'], ['config', 'show'], ['config', 'check']]) {
    const outcome = await resound([...command, '--config', 'resound.json'], options)
    expect(outcome).toEqual({
      code: 78,
      stdout: '',
      stderr: [
        'resound: The configuration has a problem:',
        '  resound.json:1:2: port must be a whole number from 0 to 65535, not "x"',
        'RESOUND_CONFIG_INVALID: Correct the place that the message names; `resound config docs` lists every option.',
        '',
      ].join('\n'),
    })
  }
})

it('a reader that has seen enough is not a fault', async () => {
  const run = promisify(execFile)
  const script = `"$0" "${PROGRAM}" config docs | head -n 1`
  const { stdout, stderr } = await run('sh', ['-c', script, process.execPath])
  expect(stdout).toBe('# Configuration\n')
  expect(stderr).toBe('')
})

describe('version', () => {
  it.each([[['version']], [['--version']], [['-V']]])('is printed by %j', async (args) => {
    const { code, stdout } = await resound(args)
    expect(code).toBe(0)
    expect(stdout).toContain(version)
  })

  it('is printed for programs', async () => {
    const { stdout } = await resound(['version', '--json'])
    expect(JSON.parse(stdout)).toEqual({
      schema: 'resound.version/1',
      version,
      node: process.versions.node,
    })
  })
})

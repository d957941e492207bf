import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Outcome, resound, type Surroundings } from '../support/command.ts'
import { Directory } from '../support/directory.ts'

const FILE = {
  port: 6002,
  'appManager.array.apps': [
    { id: '1', key: 'key', secret: 'hidden-secret', maxReadRequestsPerSecond: 5 },
  ],
}

function imported(args: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  return resound(['config', 'import', 'soketi', ...args], surroundings)
}

describe('config import soketi', () => {
  it('prints a configuration, and what it cannot keep on standard error in 80 columns', async () => {
    using directory = new Directory({ 'soketi.json': FILE })
    const outcome = await imported(['soketi.json'], { directory: directory.path })
    expect(outcome.code).toBe(0)
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      port: 6002,
      apps: [{ id: '1', key: 'key', secret: 'hidden-secret' }],
    })
    expect(outcome.stderr).toBe(
      [
        'without equivalent: soketi.json:1:86:',
        'appManager.array.apps.0.maxReadRequestsPerSecond is left out: requests to the',
        'HTTP API are not limited per second',
        'different: activityTimeoutSeconds stays 120, and connections are pinged: soketi',
        'tells clients 30 and closes them after 120 seconds of silence',
        '',
      ].join('\n'),
    )
  })

  it('reads variables, those of an .env as well, over the file', async () => {
    using directory = new Directory({
      'soketi.json': FILE,
      '.env': 'SOKETI_HOST=127.0.0.1\nSOKETI_PORT=6003\n',
    })
    const environment = { SOKETI_PORT: '6004' }
    const { stdout } = await imported(['soketi.json', '--env'], {
      directory: directory.path,
      environment,
    })
    expect(JSON.parse(stdout)).toMatchObject({
      host: '127.0.0.1',
      port: 6004,
      apps: [{ id: '1' }],
    })
  })

  it('writes a file that is checked and started as it is, for its owner only', async () => {
    using directory = new Directory({ 'soketi.json': FILE })
    const surroundings = { directory: directory.path }
    const written = await imported(['soketi.json', '--output', 'resound.json'], surroundings)
    expect(written).toMatchObject({
      code: 0,
      stdout: 'The configuration is written: resound.json\n',
    })
    expect(statSync(directory.file('resound.json')).mode & 0o777).toBe(0o600)
    expect(await resound(['config', 'check', '--config', 'resound.json'], surroundings)).toEqual({
      code: 0,
      stdout: 'The configuration is valid: resound.json\n',
      stderr: '',
    })
  })

  it('overwrites nothing', async () => {
    using directory = new Directory({ 'soketi.json': FILE, 'resound.json': 'mine' })
    const outcome = await imported(['soketi.json', '--output', 'resound.json'], {
      directory: directory.path,
    })
    expect(outcome).toEqual({
      code: 1,
      stdout: '',
      stderr: [
        'resound: resound.json cannot be written (EEXIST).',
        'RESOUND_OUTPUT_UNWRITABLE: Name a file that is not there yet, in a directory that is writable.',
        '',
      ].join('\n'),
    })
    expect(directory.read('resound.json')).toBe('mine')
  })

  it('prints both for programs', async () => {
    const environment = { SOKETI_DEFAULT_APP_KEY: 'key', SOKETI_PROT: '1' }
    const { code, stdout, stderr } = await imported(['--env', '--json'], { environment })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { schema, from, config, notes } = JSON.parse(stdout)
    expect({ schema, from }).toEqual({ schema: 'resound.config.import/1', from: 'soketi' })
    expect(config.apps).toEqual([{ id: 'app-id', key: 'key', secret: 'app-secret' }])
    expect(notes).toContainEqual({
      kind: 'unknown',
      setting: 'SOKETI_PROT',
      place: 'SOKETI_PROT',
      message: 'is not an option of soketi; did you mean SOKETI_PORT?',
    })
  })

  it('fails when an app is left out, and prints the rest', async () => {
    const environment = { SOKETI_DEFAULT_APP_KEY: 'a b' }
    const { code, stdout, stderr } = await imported(['--env'], { environment })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ port: 6001 })
    expect(stderr).toContain(
      'app left out: SOKETI_DEFAULT_APP_KEY: appManager.array.apps.0 is left out:\n',
    )
  })

  it.each([
    ['is missing', 'missing.json', 'missing.json: the configuration file cannot be read (ENOENT)'],
    ['is not JSON', 'soketi.json', 'soketi.json:1:3: is not JSON: invalid symbol'],
  ])('refuses a file that %s', async (_what, file, problem) => {
    using directory = new Directory({ 'soketi.json': '{ port: 1 }' })
    const { code, stdout, stderr } = await imported([file], { directory: directory.path })
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toContain(problem)
  })

  it('is used wrong without a source', async () => {
    expect(await imported([], {})).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: name a file, or use --env\nTry --help\n',
    })
  })
})

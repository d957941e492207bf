import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { OPTIONS } from '../../src/config/options.ts'
import { Config } from '../../src/config/schema.ts'
import { PROGRAM, StartedServer } from '../support/command.ts'
import { Directory } from '../support/directory.ts'
import { Page } from '../support/page.ts'
import { startRedis } from '../support/redis.ts'
import { readSnippet } from '../support/snippets.ts'

const { drain, port: defaultPort } = Config.parse({})
/** For requests under way and for stopping, beyond the drain's own window. */
const REST_SECONDS = 30

const CONFIG = { apps: [{ id: '1', key: 'key', secret: 's' }] }

/** The words of a command, about another configuration file. */
const wordsOf = (command: string, file: string): string[] =>
  command.replace('/etc/resound.json', file).split(' ').slice(1)

it('the commands do what the page says', async () => {
  const commands = new Page('processes.md').text.match(/^resound .* \/etc\/resound\.json$/gm) ?? []
  expect(commands.map((command) => command.split(' ')[1])).toEqual([
    'status',
    'reload',
    'restart',
    'stop',
  ])
  using directory = new Directory({ 'resound.json': CONFIG })
  const file = directory.file('resound.json')
  await using server = await StartedServer.start(['--config', file])
  for (const command of commands) {
    const [word = ''] = wordsOf(command, file)
    expect(await server.command(word), command).toMatchObject({ code: 0 })
  }
  expect(await server.exit()).toBe(0)
})

it('a command from elsewhere has the token', async () => {
  const { args, environment } = new Page('processes.md').command('status --admin-url')
  const [, flag = ''] = args
  await using server = await StartedServer.start([], {
    environment: {
      ...environment,
      RESOUND_APP_ID: '1',
      RESOUND_APP_KEY: 'key',
      RESOUND_APP_SECRET: 's',
    },
  })
  expect(await server.command('status', flag, server.admin)).toMatchObject({ code: 0 })
})

describe('the unit for systemd', async () => {
  const unit = await readSnippet('resound.service')
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

  it('is one', async () => {
    using directory = new Directory()
    const program = `${process.execPath} ${PROGRAM}`
    directory.write('resound.service', unit.replaceAll('/usr/bin/resound', program))
    const verified = await promisify(execFile)('systemd-analyze', [
      'verify',
      directory.file('resound.service'),
    ])
    expect(verified).toEqual({ stdout: '', stderr: '' })
  })

  it('starts and reloads with the commands that there are', async () => {
    using directory = new Directory({ 'resound.json': CONFIG })
    const file = directory.file('resound.json')
    const [command, ...args] = wordsOf(value('ExecStart'), file)
    expect(command).toBe('start')
    await using server = await StartedServer.start(args)
    const [word = ''] = wordsOf(value('ExecReload'), file)
    expect(await server.command(word)).toMatchObject({ code: 0 })
  })

  it('gives a drain its time, and finds the socket', () => {
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(drain.windowSeconds + REST_SECONDS)
    expect(value('KillMode')).toBe('mixed')
    expect(value('RestartPreventExitStatus')).toBe('78')
    expect(`/run/${value('RuntimeDirectory')}`).toBe('/run/resound')
    expect(value('RuntimeDirectoryMode')).toBe('0700')
  })
})

const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) })

const Deployment = z.object({
  spec: z.object({
    replicas: z.int().min(2),
    strategy: z.object({ rollingUpdate: z.object({ maxUnavailable: z.literal(0) }) }),
    template: z.object({
      metadata: z.object({ labels: z.object({ app: z.string() }) }),
      spec: z.object({
        enableServiceLinks: z.literal(false),
        terminationGracePeriodSeconds: z.int(),
        containers: z.tuple([
          z.object({
            ports: z.tuple([z.object({ name: z.literal('http'), containerPort: z.int() })]),
            env: z.array(
              z.object({
                name: z.string(),
                value: z.string().optional(),
                valueFrom: z
                  .object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) })
                  .optional(),
              }),
            ),
            startupProbe: Probe,
            livenessProbe: Probe,
            readinessProbe: Probe,
            lifecycle: z.object({
              preStop: z.object({
                exec: z.object({ command: z.tuple([z.literal('sleep'), z.string()]) }),
              }),
            }),
          }),
        ]),
      }),
    }),
  }),
})

const Selecting = z.object({
  spec: z.object({
    selector: z.union([
      z.object({ app: z.string() }),
      z.object({ matchLabels: z.object({ app: z.string() }) }),
    ]),
  }),
})

describe('the manifest for Kubernetes', async () => {
  const documents = parseAllDocuments(await readSnippet('kubernetes.yaml')).map((document) => {
    expect(document.errors).toEqual([])
    return z.looseObject({ kind: z.string() }).parse(document.toJS())
  })
  const of = (kind: string) => documents.find((document) => document.kind === kind)
  const { template } = Deployment.parse(of('Deployment')).spec
  const [container] = template.spec.containers

  it('gives a drain its time', () => {
    const [, pause] = container.lifecycle.preStop.exec.command
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
      Number(pause) + drain.windowSeconds + REST_SECONDS,
    )
  })

  it('leads the Service and the budget to the pods, and to their port', () => {
    for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget']) {
      const { selector } = Selecting.parse(of(kind)).spec
      expect('app' in selector ? selector : selector.matchLabels).toEqual(template.metadata.labels)
    }
    expect(container.ports[0].containerPort).toBe(defaultPort)
  })

  it('asks what answers, of a server with its variables', async () => {
    const secret = z
      .object({ stringData: z.record(z.string(), z.string()) })
      .parse(of('Secret')).stringData
    const environment: Record<string, string> = {}
    for (const { name, value, valueFrom } of container.env) {
      expect(OPTIONS.map(({ variable }) => variable)).toContain(name)
      environment[name] = value ?? secret[valueFrom?.secretKeyRef.key ?? ''] ?? ''
    }
    expect(Object.values(environment)).not.toContain('')
    await using redis = await startRedis()
    await using server = await StartedServer.start([], {
      environment: { ...environment, RESOUND_REDIS_URL: redis.url },
    })
    const paths = [container.startupProbe, container.livenessProbe, container.readinessProbe].map(
      ({ httpGet: { path } }) => path,
    )
    expect(paths).toEqual(['/up', '/up', '/ready'])
    for (const path of paths) {
      expect((await fetch(`http://127.0.0.1:${server.port}${path}`)).status).toBe(200)
    }
  })
})

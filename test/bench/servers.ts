/** How each server under test is started: the same app, a free port, nothing inherited. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { installSoketi } from '../support/soketi.ts'
import type { Load, Target } from './generator.ts'
import { pinTo, type Running, repository, start } from './process.ts'
import type { Scenario } from './scenarios.ts'

export type ServerName = 'resound' | 'bare' | 'soketi'
export const serverNames: readonly ServerName[] = ['resound', 'bare', 'soketi']

const app = { appId: 'bench', key: 'bench-key', secret: 'bench-secret' }
const presenceMembers = '5000' // above what any scenario joins; the defaults stop at 100

const serverCpu = 0

/** A server that runs, and where to send its load. */
export type Started = Running & { readonly target: Target }

interface Command {
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly ready: RegExp
}

async function commandOf(
  name: ServerName,
  port: number,
  scenario: Pick<Scenario, 'bareSigns'>,
  redisPort?: number,
): Promise<Command> {
  const node = process.execPath
  switch (name) {
    case 'resound':
      return {
        command: [node, join(repository, 'dist/bin/resound.js'), 'start', '--host', '127.0.0.1'],
        env: {
          RESOUND_PORT: '0', // a port chosen before may be another's by now
          RESOUND_ADMIN_PORT: '0',
          RESOUND_APP_ID: app.appId,
          RESOUND_APP_KEY: app.key,
          RESOUND_APP_SECRET: app.secret,
          RESOUND_APP_CLIENT_EVENTS: 'true',
          RESOUND_LIMITS_PRESENCE_MEMBERS: presenceMembers,
          RESOUND_LOG_FORMAT: 'json',
          ...(redisPort !== undefined && {
            RESOUND_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
            RESOUND_APP_LARAVEL_REDIS_PREFIX: '',
          }),
        },
        ready: /"event":"listening"/,
      }
    case 'bare':
      return {
        command: [
          ...[node, join(import.meta.dirname, 'bare-server.js'), '--port', String(port)],
          ...['--key', app.key, '--secret', app.secret],
          ...(scenario.bareSigns ? ['--sign'] : []),
          ...(redisPort === undefined ? [] : ['--redis', String(redisPort)]),
        ],
        env: {},
        ready: /^listening$/,
      }
    case 'soketi':
      return {
        command: [node, await installSoketi(), 'start'],
        env: {
          SOKETI_HOST: '127.0.0.1',
          SOKETI_PORT: String(port),
          SOKETI_DEFAULT_APP_ID: app.appId,
          SOKETI_DEFAULT_APP_KEY: app.key,
          SOKETI_DEFAULT_APP_SECRET: app.secret,
          SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES: 'true',
          SOKETI_PRESENCE_MAX_MEMBERS: presenceMembers,
          ...(redisPort !== undefined && shared('soketi', redisPort)),
        },
        ready: /Server is up and running/,
      }
  }
}

/**
 * Starts a server, alone on its CPU where there are two.
 * @param variables more of its environment
 */
export async function startServer(
  name: ServerName,
  scenario: Pick<Scenario, 'bareSigns'>,
  redisPort?: number,
  variables: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const port = await freePort()
  const { command, env, ready } = await commandOf(name, port, scenario, redisPort)
  const cwd = mkdtempSync(join(tmpdir(), 'resound-bench-')) // no configuration file to find there
  const running = await start([...pinTo(serverCpu), ...command], {
    cwd,
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...env, ...variables },
    ready,
  })
  return {
    ...running,
    target: {
      port: Number(/"port":(\d+)/.exec(running.readyLine)?.[1] ?? port),
      pid: running.pid,
      ...app,
      ...(redisPort !== undefined && { redisPort }),
    },
    stop: async () => {
      await running.stop()
      rmSync(cwd, { recursive: true })
    },
  }
}

/** soketi does not listen to Laravel's channels: an event reaches its Redis by HTTP. */
export function loadFor(name: ServerName, load: Load): Load {
  if (name !== 'soketi' || load.publish !== 'redis') return load
  return { ...load, publish: 'http', publishers: 4 }
}

/** What makes servers the nodes of a group, which hears nothing of Laravel. */
function shared(name: 'resound' | 'soketi', redisPort: number): NodeJS.ProcessEnv {
  if (name === 'resound') return { RESOUND_REDIS_URL: `redis://127.0.0.1:${redisPort}` }
  return {
    SOKETI_ADAPTER_DRIVER: 'redis',
    SOKETI_DB_REDIS_HOST: '127.0.0.1',
    SOKETI_DB_REDIS_PORT: String(redisPort),
  }
}

/** Starts nodes, on one CPU, and a Redis for them alone. */
export async function startGroup(
  name: 'resound' | 'soketi',
  nodes: number,
  sharing: 'redis' | 'nothing',
): Promise<{ readonly target: Target; stop(): Promise<void> }> {
  const running: Pick<Running, 'stop'>[] = []
  const stop = async () => {
    for (const each of running.reverse()) await each.stop()
  }
  try {
    const redis = sharing === 'redis' ? await startRedis() : undefined
    if (redis !== undefined) running.push(redis)
    const variables = redis === undefined ? {} : shared(name, redis.port)
    const targets: Target[] = []
    for (let node = 0; node < nodes; node++) {
      const server = await startServer(name, {}, undefined, variables)
      running.push(server)
      targets.push(server.target)
    }
    const [first, ...others] = targets
    if (first === undefined) throw new Error('a group has at least one node')
    const beside = redis && { redisPort: redis.port, redisPid: redis.pid }
    return { target: { ...first, others, ...beside }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A Redis of the benchmark's own, in memory. */
export async function startRedis(): Promise<Running & { readonly port: number }> {
  const port = await freePort()
  const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '']
  const running = await start(command, {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] },
    ready: /Ready to accept connections/,
  })
  return { ...running, port }
}

/** What Laravel does to Redis when it broadcasts: its own code and clients, without an application. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { type LaravelVersion, layOut } from './laravel-files.ts'

const SCRIPT = path.join(import.meta.dirname, 'laravel-publish.php')

export type RedisClientName = 'phpredis' | 'predis'

export interface Publishing {
  readonly version?: LaravelVersion
  readonly client: RedisClientName
  /** As in `config/database.php`: `options`, and the connection `default` or a cluster of that name. */
  readonly redis: object
  /** Through RedisBroadcaster: channels, event and payload of each. */
  readonly broadcasts?: readonly (readonly [readonly string[], string, object])[]
  /** PUBLISH through the connection: channel and message of each. */
  readonly publishes?: readonly (readonly [string, string])[]
  /** The script with a message and channels, each as they are. */
  readonly evals?: readonly (readonly string[])[]
}

/** Resolves when all is published. @throws Error with what PHP says */
export async function publishAsLaravel({
  version = '12',
  ...publishing
}: Publishing): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'resound-laravel-'))
  try {
    await layOut(directory, version)
    await publish(JSON.stringify({ broadcasts: [], ...publishing, directory }))
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function publish(publishing: string): Promise<void> {
  const php = spawn('php', ['-d', 'error_reporting=E_ALL & ~E_DEPRECATED', SCRIPT])
  php.stdin.end(publishing)
  const said = Promise.all([text(php.stdout), text(php.stderr)])
  const [code] = await once(php, 'close')
  const output = (await said).join('')
  if (code !== 0 || output !== '') throw new Error(`php ended with ${code}:\n${output}`)
}

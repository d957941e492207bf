/**
 * What is known of the Laravel app of `--laravel DIR`, found out once.
 *
 * The app itself is asked, through PHP, as it resolves its configuration. Where that cannot be, its files
 * are read, and `source` says so. Secrets are fingerprints; nothing is written, and nothing is sent.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { type EnvEntry, parseEnvFile } from '../../config/env-file.ts'
import { readText } from '../../config/read-text.ts'
import { type BuiltAssets, readAssets } from './assets.ts'
import { factsFromFiles } from './facts-from-files.ts'
import { FACTS_SCRIPT } from './facts-script.ts'
import { askPhp, type PhpFault } from './php.ts'

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)
const fingerprint = z
  .object({ sha256: z.string(), length: z.number() })
  .nullish()
  .transform((value) => value ?? undefined)

/** A connection of config/broadcasting.php. */
const Connection = z.object({
  driver: text,
  appId: text,
  key: text,
  secret: fingerprint,
  host: text,
  port: text,
  scheme: text,
  /** In front of `/apps`. */
  path: text,
  cluster: text,
  /** Of the decoded key for encrypted channels; 32 is right. Undefined without one. */
  masterKeyBytes: z
    .number()
    .nullish()
    .transform((value) => value ?? undefined),
  /** The redis driver's. */
  redisConnection: text,
})
export type BroadcastConnection = z.infer<typeof Connection>

const Route = z.object({
  path: z.string(),
  domain: text,
  methods: z.array(z.string()),
  isUserAuth: z.boolean(),
  middleware: z.array(z.string()),
  checksCsrf: z.boolean(),
  startsSession: z.boolean(),
})
/** A route that browsers ask who may subscribe, or who they are. */
export type AuthRoute = z.infer<typeof Route>

const Channel = z.object({
  /** As in `Broadcast::channel`: without `private-` or `presence-`. */
  pattern: z.string(),
  /** The broadcast connection that it is registered on. */
  connection: text,
  guards: z.array(z.string()),
  /** `file:line`, or the class. */
  where: text,
})
export type ChannelPattern = z.infer<typeof Channel>

const RedisConnection = z.object({
  host: text,
  port: text,
  database: text,
  username: text,
  password: fingerprint,
  isTls: z.boolean(),
  /** Where it differs from the one of all. */
  prefix: text,
})

/** The configuration, as the app resolves it. */
export const AppConfiguration = z.object({
  version: text,
  name: text,
  environment: text,
  debug: z.boolean(),
  url: text,
  isDown: z.boolean(),
  isConfigCached: z.boolean(),
  areRoutesCached: z.boolean(),
  /** The broadcast connection that counts, by name: see `connections`. */
  default: text,
  connections: z.record(z.string(), Connection),
  /** Why the default connection cannot be made. */
  driverFault: z
    .object({ exception: z.string(), message: z.string() })
    .nullish()
    .transform((value) => value ?? undefined),
  routes: z.array(Route),
  channels: z.array(Channel),
  /** The default guard, and the driver of each. */
  guard: text,
  guards: z.record(z.string(), text),
  queue: z.object({
    /** The default queue connection, its driver, the queue's name there, and the Redis or table behind it. */
    name: text,
    driver: text,
    queue: text,
    connection: text,
  }),
  redis: z.object({
    client: text,
    prefix: text,
    isCluster: z.boolean(),
    connections: z.record(z.string(), RedisConnection),
  }),
  /** What config/cors.php allows; undefined where no middleware answers for other origins. */
  cors: z
    .object({
      paths: z.array(z.string()),
      allowedOrigins: z.array(z.string()),
      allowedOriginsPatterns: z.array(z.string()),
      supportsCredentials: z.boolean(),
    })
    .nullish()
    .transform((value) => value ?? undefined),
  sessionCookie: text,
})
export type AppConfiguration = z.infer<typeof AppConfiguration>

export interface LaravelFacts {
  readonly directory: string
  /** Whether the app told it, or its files did; from files, `routes` is always empty. */
  readonly source: 'php' | 'files'
  /** Why the app told nothing. */
  readonly fault: PhpFault | undefined
  /** What the app printed while it started, which would stand in every answer of it; cut. */
  readonly printed: string
  /** Its `.env`, in memory only: it holds secrets. Empty without one. */
  readonly env: ReadonlyMap<string, EnvEntry>
  readonly hasEnv: boolean
  readonly app: AppConfiguration
  /** What the app would resolve without its caches, where it has some. */
  readonly uncached: AppConfiguration | undefined
  /** What is built for browsers; undefined without any. */
  readonly assets: BuiltAssets | undefined
}

/** Asks the app in `directory`. Never throws for what is wrong with it. */
export async function laravelFacts(directory: string, signal?: AbortSignal): Promise<LaravelFacts> {
  const read = readText(join(directory, '.env'))
  const { entries: env } = parseEnvFile('text' in read ? read.text : '')
  const common = { directory, env, hasEnv: 'text' in read, assets: readAssets(directory) }
  const ask = { directory, script: FACTS_SCRIPT, ...(signal === undefined ? {} : { signal }) }
  const told = await askPhp(ask)
  if ('fault' in told) {
    const app = factsFromFiles(directory, env)
    return { ...common, source: 'files', fault: told.fault, printed: '', app, uncached: undefined }
  }
  const app = AppConfiguration.parse(told.answer)
  const isCached = app.isConfigCached || app.areRoutesCached
  const fresh = isCached ? await askPhp({ ...ask, uncached: true }) : undefined
  const uncached =
    fresh !== undefined && 'answer' in fresh ? AppConfiguration.parse(fresh.answer) : undefined
  return { ...common, source: 'php', fault: undefined, printed: told.printed, app, uncached }
}

/** The broadcast connection that the app uses. */
export function usedConnection({ app }: LaravelFacts): BroadcastConnection | undefined {
  return app.default === undefined ? undefined : app.connections[app.default]
}

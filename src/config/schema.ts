/**
 * Every option there is, in its order: its type, bounds, default and description.
 *
 * Its larger subjects are in `schema/`: an app with all it has, the stores, webhook delivery.
 * From this schema come the `Config` type, the environment names, the reference page and
 * `config.example.json` (all through `options.ts`). Unknown keys are errors everywhere. Values are
 * those of JSON; `environment.ts` turns text into them. Reading anything is `load.ts`'s work.
 *
 * Metadata: `accepts` says in words what a pattern allows, `secret` what is never shown
 * (`whole`, or the `password` inside a URL).
 */
import { z } from 'zod'
import { contradictions } from './contradictions.ts'
import { AppConfig } from './schema/app.ts'
import { Limits } from './schema/limits.ts'
import { PostgresOptions } from './schema/postgres.ts'
import { RedisOptions } from './schema/redis.ts'
import { count, filePath, KIBIBYTE, MEBIBYTE } from './schema/shapes.ts'
import { WebhookDelivery } from './schema/webhook-delivery.ts'

const Options = z.strictObject({
  host: z.string().min(1).default('0.0.0.0').describe('Address to listen on.'),
  port: count(0, 65_535)
    .default(8080)
    .describe('Port for WebSocket and HTTP API. 0 takes a free one; the ready line names it.'),
  workers: count(1, 256)
    .default(1)
    .describe('Processes that serve clients on the port. More than one needs Redis (redis.url).'),
  pathPrefix: z
    .string()
    .regex(/^$|^(\/[A-Za-z0-9._~-]+)+$/)
    .meta({ accepts: 'empty, or a path like /reverb without a slash at its end' })
    .default('')
    .describe('Path in front of /app and /apps.'),
  tls: z
    .strictObject({
      cert: filePath.describe('Path of the certificate chain, PEM.'),
      key: filePath.describe('Path of the private key, PEM.'),
      passphrase: z
        .string()
        .optional()
        .meta({ secret: 'whole' })
        .describe('Passphrase of the private key.'),
    })
    .optional()
    .describe('Serves wss:// and https:// instead of ws:// and http://.'),
  apps: z
    .array(AppConfig)
    .default([])
    .describe(
      'The apps served. Without any, one is taken from the environment, or generated on the first start.',
    ),
  limits: Limits.prefault({}).describe(
    'Bounds on what clients and publishers control, for all apps.',
  ),
  activityTimeoutSeconds: count(1, 86_400)
    .default(120)
    .describe(
      'Silence after which a connection is pinged; also sent to clients as activity_timeout.',
    ),
  pongTimeoutSeconds: count(1, 3600)
    .default(30)
    .describe('How long a pinged connection may take to answer before it is closed (4201).'),
  userAuthenticationTimeoutSeconds: count(1, 3600)
    .default(30)
    .describe('Time to sign in where an app demands it (userAuthentication).'),
  cache: z
    .strictObject({
      ttlSeconds: count(1, 86_400)
        .default(1800)
        .describe('How long a cache channel remembers its last event.'),
      maxBytes: count(KIBIBYTE, 64 * KIBIBYTE * MEBIBYTE)
        .default(64 * MEBIBYTE)
        .describe('Memory for the remembered events of all cache channels; the oldest go first.'),
    })
    .prefault({})
    .describe('Cache channels.'),
  presence: z
    .strictObject({
      lingerSeconds: count(0, 60)
        .default(5)
        .describe(
          'How long a member whose connection broke, or whom a restart sent away, stays one: who comes back in time has never left. Who says goodbye leaves at once.',
        ),
    })
    .prefault({})
    .describe('Presence channels.'),
  auth: z
    .strictObject({
      timestampToleranceSeconds: count(1, 86_400)
        .default(600)
        .describe("Largest difference between a request's auth_timestamp and this clock."),
    })
    .prefault({})
    .describe('HTTP API authentication.'),
  redis: RedisOptions.prefault({}).describe(
    'The Redis of the server itself: webhooks wait in it, and Laravel apps that name no other are heard on it.',
  ),
  postgres: PostgresOptions.prefault({}).describe('Apps from PostgreSQL.'),
  webhooks: WebhookDelivery.prefault({}).describe('How webhooks are delivered.'),
  metrics: z
    .strictObject({
      prefix: z
        .string()
        .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,60}$/)
        .meta({ accepts: 'letters, digits and _' })
        .default('resound_')
        .describe(
          "In front of every metric. With soketi_ (any but the default) there are also soketi's own names, which its dashboards read.",
        ),
    })
    .prefault({})
    .describe('What the metrics of the admin port are called.'),
  admin: z
    .strictObject({
      socket: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe(
          'Path of the Unix socket by which commands reach the server. Without it, one in the run directory that the same configuration file, Laravel app or working directory leads to.',
        ),
      host: z.string().min(1).default('127.0.0.1').describe('Address of the admin port.'),
      port: count(0, 65_535)
        .default(9601)
        .describe('Admin port: /metrics. 0 takes a free one; the ready line names it.'),
      token: z
        .string()
        .min(16)
        .max(200)
        .regex(/^\S+$/)
        .meta({ accepts: 'text of 16 to 200 characters without spaces', secret: 'whole' })
        .optional()
        .describe(
          'Bearer token of the admin port. Required when admin.host is not a loopback address.',
        ),
    })
    .prefault({})
    .describe('The admin port and the admin socket.'),
  welcome: z
    .strictObject({
      perSecond: count(1, 1_000_000)
        .default(500)
        .describe('Connections established per second once the burst is used up.'),
      burst: count(1, 1_000_000)
        .default(5000)
        .describe(
          'Connections established at once after a time of rest. A Laravel app that authorises slowly wants less: each brings its private channels.',
        ),
      holdSeconds: count(0, 60)
        .default(9)
        .describe(
          'Longest wait to be established. A connection that would wait longer is told to try again (4100), after a random part of this time.',
        ),
    })
    .prefault({})
    .describe(
      'How many connections are established at a time, so that a herd comes back in order.',
    ),
  memory: z
    .strictObject({
      limitBytes: count(0, Number.MAX_SAFE_INTEGER)
        .default(0)
        .describe(
          'Memory that this process may use; beyond 90 % of it new connections are told to try again (4100). 0 takes the limit of the container, or the memory of the machine.',
        ),
    })
    .prefault({})
    .describe('The memory there is.'),
  drain: z
    .strictObject({
      closesPerSecond: count(1, 1_000_000)
        .default(200)
        .describe('Most connections closed (4200) per second when the server stops.'),
      authorizationsPerSecond: count(1, 1_000_000)
        .default(400)
        .describe(
          "What the Laravel apps' authorisation endpoint can bear while connections come back: fewer are closed per second the more private channels each has.",
        ),
      windowSeconds: count(0, 3600)
        .default(120)
        .describe('Longest time to spread the closes over; with more connections the pace rises.'),
      stopSeconds: count(1, 7200)
        .default(150)
        .describe('When whoever is still connected is closed at once.'),
    })
    .prefault({})
    .describe('How a stopping server lets its connections go.'),
  log: z
    .strictObject({
      level: z
        .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
        .default('info')
        .describe('Least severe level that is written.'),
      format: z
        .enum(['pretty', 'json'])
        .optional()
        .describe('Without it, pretty on a terminal and json elsewhere.'),
    })
    .prefault({})
    .describe('Logs, on standard error.'),
})

export type Options = z.infer<typeof Options>

/** The options, and that no two of them contradict each other. */
export const Config = Options.superRefine((config, context) => {
  for (const { path, message } of contradictions(config)) {
    context.addIssue({ code: 'custom', path: [...path], message })
  }
})
export type Config = z.infer<typeof Config>

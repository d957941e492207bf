/**
 * Every option there is: its type, bounds, default and description, in one place.
 *
 * From this schema come the `Config` type, the environment names, the reference page and
 * `config.example.json` (all through `options.ts`). Unknown keys are errors everywhere. Values are
 * those of JSON; `environment.ts` turns text into them. Reading anything is `load.ts`'s work.
 *
 * Metadata: `accepts` says in words what a pattern allows, `secret` what is never shown
 * (`whole`, or the `password` inside a URL).
 */
import { z } from 'zod'
import { contradictions } from './contradictions.ts'
import { correctedOrigin } from './origin-pattern.ts'

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

const count = (min: number, max: number) => z.int().min(min).max(max)

/** Whether every percent sign begins an encoded byte: the Redis client decodes user and password. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false // URIError
  }
}

const redisUrl = z
  .url({ protocol: /^rediss?$/, hostname: /./ })
  .refine(isDecodable, 'has a % that encodes nothing; a literal one is written %25')
  .meta({ accepts: 'a redis:// or rediss:// URL', secret: 'password' })

const filePath = z
  .string()
  .regex(/^(?!-----BEGIN)./)
  .meta({ accepts: 'the path of a PEM file, not its content' })

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** Whether a PostgreSQL URL says nothing that would be passed over, such as `sslmode=prefer`. */
function isUnderstood(url: string): boolean {
  if (!URL.canParse(url)) return true // which is refused already
  return [...new URL(url).searchParams].every(
    ([name, value]) => name === 'sslmode' && SSL_MODES.includes(value),
  )
}

/** A URL that paths can be appended to. */
function isBareUrl(text: string): boolean {
  if (!URL.canParse(text)) return true // which is refused already
  const { username, password, search, hash } = new URL(text)
  return `${username}${password}${search}${hash}` === ''
}

const credential = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\S+$/)
  .meta({ accepts: 'text of 1 to 200 characters without spaces', secret: 'whole' })

/** The bounds on whatever a client or a publisher controls, without their defaults. */
const bounds = {
  channelNameLength: count(1, 1024).describe(
    'Longest channel name, in characters, prefix included.',
  ),
  eventNameLength: count(1, 1024).describe('Longest event name, in characters.'),
  eventBytes: count(1, 16 * MEBIBYTE).describe(
    "Most bytes in one event's data, over HTTP and Redis.",
  ),
  channelsPerEvent: count(1, 10_000).describe('Most channels one event may name.'),
  eventsPerBatch: count(1, 10_000).describe('Most events in one batch request.'),
  presenceMembers: count(1, 1_000_000).describe(
    'Most users in one presence channel. A user who is already in it can always open another connection.',
  ),
  presenceMemberBytes: count(16, MEBIBYTE).describe("Most bytes in one member's channel_data."),
  clientEventsPerSecond: count(0, 1_000_000).describe(
    'Most client events per second from one connection. 0 means no limit.',
  ),
  clientEventBytes: count(1, 16 * MEBIBYTE).describe("Most bytes in one client event's data."),
  subscriptionsPerConnection: count(1, 1_000_000).describe(
    'Most channels one connection may be subscribed to.',
  ),
}

/** Bounds on whatever a client or a publisher controls. */
export const Limits = z.strictObject({
  channelNameLength: bounds.channelNameLength.default(200),
  eventNameLength: bounds.eventNameLength.default(200),
  eventBytes: bounds.eventBytes.default(102_400),
  channelsPerEvent: bounds.channelsPerEvent.default(100),
  eventsPerBatch: bounds.eventsPerBatch.default(10),
  presenceMembers: bounds.presenceMembers.default(100),
  presenceMemberBytes: bounds.presenceMemberBytes.default(2048),
  clientEventsPerSecond: bounds.clientEventsPerSecond.default(10),
  clientEventBytes: bounds.clientEventBytes.default(10_240),
  messageBytes: count(256, 64 * MEBIBYTE)
    .default(65_536)
    .describe('Largest WebSocket message a client may send, in bytes.'),
  subscriptionsPerConnection: bounds.subscriptionsPerConnection.default(1000),
  backpressureBytes: count(16 * KIBIBYTE, 1024 * MEBIBYTE)
    .default(MEBIBYTE)
    .describe('Most bytes waiting for a slow reader before its connection is closed.'),
})
export type Limits = z.infer<typeof Limits>

/** The limits an app may set for itself; those of the socket belong to the server. */
export const AppLimits = z.strictObject(bounds).partial()
export type AppLimits = z.infer<typeof AppLimits>

const redisUrls = z
  .array(redisUrl)
  .default([])
  .meta({ accepts: 'a list of redis:// or rediss:// URLs', secret: 'password' })

/** The files for a server whose certificate no public authority signed, or that asks for ours. */
const tlsTo = (server: string) =>
  z.strictObject({
    ca: filePath.optional().describe('Path of the certificate authority to trust, PEM.'),
    cert: filePath.optional().describe(`Path of the certificate that ${server} asks for, PEM.`),
    key: filePath.optional().describe("Path of that certificate's key, PEM."),
  })

const requestPath = z
  .string()
  .max(200)
  .regex(/^\/[\w.~!$&'()*+,;=:@%/-]*$/)
  .meta({ accepts: 'a path that begins with a slash' })

/** What a Laravel app on the `redis` broadcast driver needs. */
export const LaravelSource = z.strictObject({
  redisPrefix: z
    .string()
    .max(200)
    .optional()
    .describe(
      "The app's Redis prefix (config database.redis.options.prefix), exactly. Setting it, even to an empty string, starts listening to Laravel's redis broadcast driver.",
    ),
  redisUrl: redisUrl
    .optional()
    .describe(
      "Redis that the Laravel app publishes to. Without it, the server's own (redis). With redisSentinels, its host is the name that the Sentinels know the master by.",
    ),
  redisCluster: redisUrls.describe(
    'Some nodes of the Redis Cluster that the Laravel app publishes to. User, password and TLS of the first are used for all.',
  ),
  redisSentinels: redisUrls.describe(
    'The Sentinels of the Redis that the Laravel app publishes to; with a password where they ask for one.',
  ),
  redisTls: tlsTo('Redis')
    .prefault({})
    .describe("TLS to the Laravel app's Redis, where its URL is rediss://."),
  authUrl: z
    .url({ protocol: /^https?$/, hostname: /./ })
    .refine(isBareUrl, 'must not have a user, a query or a fragment')
    .optional()
    .meta({ accepts: 'an http:// or https:// URL' })
    .describe(
      'Base URL of the Laravel app. Turns on the authorisation bridge: /apps/{id}/auth and /apps/{id}/user-auth ask the app and sign its answer.',
    ),
  authPath: requestPath
    .default('/broadcasting/auth')
    .describe('Path of channel authorisation in the Laravel app, after authUrl.'),
  userAuthPath: requestPath
    .default('/broadcasting/user-auth')
    .describe('Path of user authentication in the Laravel app, after authUrl.'),
  authTimeoutSeconds: count(1, 60)
    .default(5)
    .describe('How long the Laravel app may take to answer the bridge.'),
  authConcurrency: count(1, 10_000)
    .default(64)
    .describe('Most requests of the bridge to the Laravel app at once; as many again may wait.'),
  authAtSubscribe: z
    .boolean()
    .default(false)
    .describe(
      "Authorises private channels when they are subscribed to without a signature, with the cookies of the WebSocket's upgrade. Needs authUrl and allowedOrigins other than *.",
    ),
})
export type LaravelSource = z.infer<typeof LaravelSource>

/** What a webhook can tell (Pusher docs, "Webhooks"). */
export const WEBHOOK_EVENTS = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** An endpoint of the app that is told what happens on its channels. */
export const WebhookConfig = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, hostname: /./ })
    .max(2000)
    .meta({ accepts: 'an http:// or https:// URL', secret: 'address' })
    .describe('Where the events are posted to.'),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .default([...WEBHOOK_EVENTS])
    .meta({ accepts: `a list of ${WEBHOOK_EVENTS.join(', ')}` })
    .describe('Which events are told; all by default.'),
  channelPrefix: z
    .string()
    .max(200)
    .optional()
    .describe('Only of channels whose name begins like this.'),
  channelSuffix: z
    .string()
    .max(200)
    .optional()
    .describe('Only of channels whose name ends like this.'),
  headers: z
    .record(
      z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/),
      z
        .string()
        .max(4000)
        .regex(/^[\t\x20-\x7e]*$/),
    )
    .default({})
    .meta({ accepts: 'an object of header names and values, in ASCII', secret: 'whole' })
    .describe('More headers of the request; those of the protocol stay as they are.'),
  allowPrivateAddress: z
    .boolean()
    .default(false)
    .describe('Lets the URL lead to a private, loopback or link-local address.'),
})
export type WebhookConfig = z.infer<typeof WebhookConfig>

const originPattern = z
  .string()
  .min(1)
  .max(300)
  .superRefine((pattern, context) => {
    const corrected = correctedOrigin(pattern)
    if (corrected === undefined) return
    const message = 'matches no page, as an origin is scheme, host and port alone'
    context.addIssue(corrected === '' ? message : `${message}: write ${corrected}`)
  })

/** One application: its credentials and what it may do. */
export const AppConfig = z.strictObject({
  id: z
    .union([z.string(), z.int().nonnegative().transform(String)])
    .pipe(
      z
        .string()
        .min(1)
        .max(64)
        .regex(/^[A-Za-z0-9_-]+$/),
    )
    .meta({ accepts: '1 to 64 letters, digits, _ and -' })
    .describe('App id, as in the HTTP API path.'),
  key: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_-]+$/)
    .meta({ accepts: '1 to 64 letters, digits, _ and -' })
    .describe('Public key, which browsers connect with.'),
  secret: credential.describe('Secret that signs requests and subscriptions.'),
  previousSecret: credential
    .optional()
    .describe('A secret that is still accepted while it is being replaced.'),
  name: z.string().max(200).optional().describe('Name for people; not used on the wire.'),
  enabled: z
    .boolean()
    .default(true)
    .describe('A disabled app refuses connections (4003) and requests (403).'),
  maxConnections: count(0, 10_000_000)
    .default(0)
    .describe('Most connections at once; beyond it 4004. 0 means no limit.'),
  allowedOrigins: z
    .array(originPattern)
    .default(['*'])
    .describe(
      'Origins that browsers may connect from: https://app.example.com, https://*.example.com, or a bare host for any scheme. * allows all. A connection without an Origin header is not a browser page and is let in.',
    ),
  clientEvents: z
    .boolean()
    .default(false)
    .describe('Lets clients send client- events on private and presence channels (Echo whispers).'),
  subscriptionCount: z
    .boolean()
    .default(false)
    .describe('Sends pusher_internal:subscription_count on channels other than presence.'),
  userAuthentication: z
    .boolean()
    .default(false)
    .describe(
      'Closes connections (4009) that neither sign in nor join a private or presence channel in time.',
    ),
  terminatePresenceMembers: z
    .boolean()
    .default(false)
    .describe(
      'terminate_connections also ends connections that are in a presence channel as that user without having signed in, as Reverb does.',
    ),
  limits: AppLimits.optional().describe(
    'Limits of this app that differ from the server-wide ones.',
  ),
  webhooks: z
    .array(WebhookConfig)
    .max(20)
    .default([])
    .describe('Endpoints of the app that are told what happens on its channels.'),
  laravel: LaravelSource.prefault({}).describe(
    'Where a Laravel app on the redis broadcast driver is heard, and asked who may subscribe.',
  ),
})
export type AppConfig = z.infer<typeof AppConfig>

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
  redis: z
    .strictObject({
      url: redisUrl
        .optional()
        .describe(
          "The server's own Redis: for webhooks to be delivered, and for Laravel apps that name no other. With redis.sentinels, its host is the name that the Sentinels know the master by.",
        ),
      keyPrefix: z
        .string()
        .min(1)
        .max(100)
        .regex(/^[\x21-\x7e]+$/)
        .meta({ accepts: 'text of 1 to 100 characters without spaces' })
        .default('resound:')
        .describe(
          'In front of every key of ours; deployments that share a Redis need different ones.',
        ),
      cluster: redisUrls.describe(
        'Some nodes of a Redis Cluster, instead of redis.url. User, password and TLS of the first are used for all.',
      ),
      sentinels: redisUrls.describe(
        'The Sentinels that know which Redis is the master; with a password where they ask for one.',
      ),
      tls: tlsTo('Redis').prefault({}).describe('TLS to Redis, where its URL is rediss://.'),
    })
    .prefault({})
    .describe(
      'The Redis of the server itself: webhooks wait in it, and Laravel apps that name no other are heard on it.',
    ),
  postgres: z
    .strictObject({
      url: z
        .url({ protocol: /^postgres(ql)?$/, hostname: /./ })
        .refine(isDecodable, 'has a % that encodes nothing; a literal one is written %25')
        .refine(isUnderstood, `may end with ?sslmode=, one of ${SSL_MODES.join(', ')}, and no more`)
        .optional()
        .meta({ accepts: 'a postgres:// URL', secret: 'password' })
        .describe(
          'PostgreSQL with a table of apps, served beside those of the configuration. With ?sslmode=require or verify-full the connection is TLS and the certificate is verified; no-verify does not.',
        ),
      table: z
        .string()
        .max(128)
        .regex(/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/)
        .meta({ accepts: 'the name of a table, with its schema before it if need be' })
        .default('apps')
        .describe('The table.'),
      cacheSeconds: count(1, 3600)
        .default(3)
        .describe(
          'How old what is known of the table may be, where PostgreSQL does not notify of changes.',
        ),
      tls: tlsTo('PostgreSQL')
        .prefault({})
        .describe('TLS to PostgreSQL, where its URL asks for it (sslmode).'),
    })
    .prefault({})
    .describe('Apps from PostgreSQL.'),
  webhooks: z
    .strictObject({
      graceSeconds: count(0, 60)
        .default(3)
        .describe(
          'How long channel_vacated and member_removed wait, and are not told when the client comes back.',
        ),
      batchEvents: count(1, 1000).default(100).describe('Most events in one request.'),
      batchMilliseconds: count(0, 10_000)
        .default(50)
        .describe('How long events are gathered for one request.'),
      timeoutSeconds: count(1, 60).default(5).describe('How long an endpoint may take to answer.'),
      retrySeconds: count(0, 86_400)
        .default(300)
        .describe('How long a request that fails is tried again, at growing intervals.'),
      queuedBytes: count(KIBIBYTE, 64 * KIBIBYTE * MEBIBYTE)
        .default(64 * MEBIBYTE)
        .describe(
          'Memory for events that wait to be told; beyond it new ones are dropped and counted.',
        ),
      keptFailures: count(0, 100_000)
        .default(1000)
        .describe(
          'How many requests of each app that were given up are kept to be looked at and sent again.',
        ),
    })
    .prefault({})
    .describe('How webhooks are delivered.'),
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

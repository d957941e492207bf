/**
 * Where the server hears a Laravel app, and where it asks the app who may subscribe.
 */
import { z } from 'zod'
import { count, redisUrl, redisUrls, tlsTo } from './shapes.ts'

/** A URL that paths can be appended to. */
function isBareUrl(text: string): boolean {
  if (!URL.canParse(text)) return true // which is refused already
  const { username, password, search, hash } = new URL(text)
  return `${username}${password}${search}${hash}` === ''
}

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

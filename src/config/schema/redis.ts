/**
 * The Redis of the server itself: where it is, and what its keys begin with.
 */
import { z } from 'zod'
import { redisUrl, redisUrls, tlsTo } from './shapes.ts'

export const RedisOptions = z.strictObject({
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
    .describe('In front of every key of ours; deployments that share a Redis need different ones.'),
  cluster: redisUrls.describe(
    'Some nodes of a Redis Cluster, instead of redis.url. User, password and TLS of the first are used for all.',
  ),
  sentinels: redisUrls.describe(
    'The Sentinels that know which Redis is the master; with a password where they ask for one.',
  ),
  tls: tlsTo('Redis').prefault({}).describe('TLS to Redis, where its URL is rediss://.'),
})

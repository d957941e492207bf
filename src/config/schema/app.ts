/**
 * What can be said of one app, in the configuration or in a row of PostgreSQL.
 */
import { z } from 'zod'
import { correctedOrigin } from '../origin-pattern.ts'
import { LaravelSource } from './laravel-source.ts'
import { AppLimits } from './limits.ts'
import { count } from './shapes.ts'
import { WebhookConfig } from './webhook.ts'

const credential = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\S+$/)
  .meta({ accepts: 'text of 1 to 200 characters without spaces', secret: 'whole' })

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

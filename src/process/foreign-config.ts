/**
 * What a process group needs of the configuration that its workers serve. They may be of another release,
 * so no more of it is relied on.
 */
import { z } from 'zod'

const Address = z.object({ host: z.string(), port: z.int() })
const Drained = z.object({ drain: z.object({ windowSeconds: z.number() }) })
const Measured = z.object({ metrics: z.object({ prefix: z.string() }) })
const Logged = z.object({ log: z.object({ level: z.string() }) })

/** Where it is served. @throws ZodError where it does not say */
export const addressIn = (config: unknown): z.infer<typeof Address> => Address.parse(config)

/** How long a drain may take; 0 where it does not say. */
export const drainSecondsIn = (config: unknown): number =>
  Drained.safeParse(config).data?.drain.windowSeconds ?? 0

export const metricsPrefixIn = (config: unknown): string | undefined =>
  Measured.safeParse(config).data?.metrics.prefix

export const logLevelIn = (config: unknown): string | undefined =>
  Logged.safeParse(config).data?.log.level

/** The Redis client's library, loaded by the first who needs it: others do without its 25 MB. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const requireRedis = (): typeof import('ioredis') => require('ioredis')

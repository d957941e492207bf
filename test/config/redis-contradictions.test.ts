import { expect, it } from 'vitest'
import { redisContradictions } from '../../src/config/redis-contradictions.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Config } from '../../src/config/schema.ts'

it('finds the one overlap among the prefixes of 20,000 apps in no time', () => {
  const app = AppConfig.parse({ id: '1', key: 'k', secret: 's' })
  const redisUrl = 'redis://host'
  const apps = Array.from({ length: 20_000 }, (_, nth) => {
    const redisPrefix = `app-${nth}-`
    return { ...app, laravel: { ...app.laravel, redisUrl, redisPrefix } }
  })
  apps.push({ ...app, laravel: { ...app.laravel, redisUrl, redisPrefix: 'app-19999-more-' } })
  const found = [...redisContradictions({ ...Config.parse({ apps: [app] }), apps })]
  expect(found.map(({ path }) => path)).toEqual([['apps', 20_000, 'laravel', 'redisPrefix']])
}, 3000) // each compared with all others took 7 s

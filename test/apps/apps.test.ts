import { expect, it } from 'vitest'
import type { z } from 'zod'
import { Apps, type AppTable } from '../../src/apps/apps.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Config } from '../../src/config/schema.ts'
import { TestLog } from '../support/test-log.ts'

const app = (id: string, more: Partial<z.input<typeof AppConfig>> = {}): AppConfig =>
  AppConfig.parse({ id, key: `key-${id}`, secret: `secret-${id}`, ...more })

const configOf = (...apps: AppConfig[]): Config =>
  Config.parse({ apps, redis: { url: 'redis://127.0.0.1' } })

const ids = (apps: Apps): string[] => [...apps.all()].map(({ id }) => id)

it('serves the apps of the configuration and those of the table', () => {
  const table: AppTable = { apps: [app('2')], isComplete: true }
  const apps = new Apps({ config: configOf(app('1')), table, log: new TestLog().logger })
  expect(ids(apps)).toEqual(['1', '2'])
  expect(apps.byKey('key-2')?.id).toBe('2')
  expect(apps.counts).toEqual({ config: 1, postgres: 1 })
})

it('lets the configuration win where both have an id or a key, and says so once', () => {
  const log = new TestLog()
  const rows = [app('1', { key: 'another' }), app('2', { key: 'key-1' }), app('3')]
  const table = { apps: rows, isComplete: true }
  const apps = new Apps({ config: configOf(app('1')), table, log: log.logger })
  apps.update()
  expect(ids(apps)).toEqual(['1', '3'])
  expect(apps.byKey('key-1')?.id).toBe('1')
  expect(apps.byKey('another')).toBeUndefined()
  expect(log.lines(/is not served so/)).toMatchObject([
    { code: 'RESOUND_APP_REFUSED', appId: '1', reason: 'id is used by two apps: 1' },
    { code: 'RESOUND_APP_REFUSED', appId: '2', reason: 'key is used by two apps: key-1' },
  ])
})

it('serves an app of the table when the configuration has it no longer, with its connections', () => {
  const table = { apps: [app('1', { maxConnections: 5 })], isComplete: true }
  const apps = new Apps({ config: configOf(app('1')), table, log: new TestLog().logger })
  const present = apps.byId('1')
  expect(apps.update(configOf())).toEqual([])
  expect(apps.byId('1')).toBe(present)
  expect(present?.settings.maxConnections).toBe(5)
})

it('refuses an app of the table that would hear another by its Redis prefix', () => {
  const log = new TestLog()
  const table = { apps: [app('2', { laravel: { redisPrefix: 'shop_' } })], isComplete: true }
  const config = configOf(app('1', { laravel: { redisPrefix: 'shop_' } }))
  expect(ids(new Apps({ config, table, log: log.logger }))).toEqual(['1'])
  expect(log.lines(/is not served so/)).toMatchObject([
    { appId: '2', reason: expect.stringContaining('would hear the other') },
  ])
})

it('leaves an app as it was that comes to contradict another, but for being disabled', () => {
  const config = configOf(app('1', { laravel: { redisPrefix: 'shop_' } }))
  const table = { apps: [app('2', { maxConnections: 5 })], isComplete: true }
  const apps = new Apps({ config, table, log: new TestLog().logger })
  const overlapping = { laravel: { redisPrefix: 'shop_' }, maxConnections: 6 }
  table.apps = [app('2', overlapping)]
  expect(apps.update()).toEqual([])
  expect(apps.byId('2')?.settings).toMatchObject({ maxConnections: 5, enabled: true })
  table.apps = [app('2', { ...overlapping, enabled: false })]
  expect(apps.update()).toEqual([])
  expect(apps.byId('2')?.settings).toMatchObject({ maxConnections: 5, enabled: false })
})

it('serves an app whose webhook leads to a private address, and says that it is not sent', () => {
  const log = new TestLog()
  const webhooks = [{ url: 'http://127.0.0.1/told' }]
  const table = { apps: [app('2', { webhooks })], isComplete: true }
  const apps = new Apps({ config: configOf(), table, log: log.logger })
  expect(ids(apps)).toEqual(['2'])
  expect(log.lines(/cannot be sent/)).toMatchObject([
    { appId: '2', reason: expect.stringMatching(/^webhooks\[0\]\.url leads to 127\.0\.0\.1/) },
  ])
})

it('gives new server-wide limits to all', () => {
  const table = { apps: [app('2')], isComplete: true }
  const apps = new Apps({ config: configOf(app('1')), table, log: new TestLog().logger })
  apps.update(Config.parse({ apps: [app('1')], limits: { eventBytes: 77 } }))
  expect([...apps.all()].map(({ limits }) => limits.eventBytes)).toEqual([77, 77])
})

it('knows of all apps only while the table does', () => {
  const table = { apps: [], isComplete: false }
  const apps = new Apps({ config: configOf(app('1')), table, log: new TestLog().logger })
  expect(apps.isComplete).toBe(false)
  table.isComplete = true
  expect(apps.isComplete).toBe(true)
})

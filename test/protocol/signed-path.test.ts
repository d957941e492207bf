import { expect, it } from 'vitest'
import { Secret } from '../../channels/secret.ts'
import { App } from '../../src/apps/app.ts'
import { AppConfig } from '../../src/config/schema/app.ts'
import { Limits } from '../../src/config/schema/limits.ts'
import { authenticate } from '../../src/http-api/auth.ts'
import { appPath, signedPath } from '../../src/protocol/signed-path.ts'

const CREDENTIALS = { id: 'my-app', key: 'my-key', secret: 'my-secret' }
const SIGNER = { key: CREDENTIALS.key, secret: new Secret(CREDENTIALS.secret) }

it.each([
  ['GET', ''],
  ['POST', '{"name":"é","channel":"news","data":"{}"}'],
] as const)('a %s is signed as the HTTP API reads it', (method, body) => {
  const path = appPath(CREDENTIALS.id, 'events')
  const [asked, query = ''] = signedPath(method, path, body, SIGNER).split('?')
  expect(asked).toBe('/apps/my-app/events')
  const app = new App(AppConfig.parse(CREDENTIALS), Limits.parse({}))
  const request = { method, query, body: Buffer.from(body) }
  expect(authenticate(request, path, app, Date.now() / 1000, 600)).toMatchObject({
    query: expect.any(Map),
  })
})

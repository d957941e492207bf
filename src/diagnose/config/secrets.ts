/**
 * `config.secrets`: whether anybody could know a secret of the server's apps.
 */
import { type Check, ok, skip } from '../check.ts'
import { fingerprintOf, isWellKnown, SHORT_SECRET } from '../laravel/secret.ts'
import type { Scene } from '../scene.ts'

export const secretsAreSecret: Check<Scene> = {
  id: 'config.secrets',
  area: 'config',
  question: "Are the apps' secrets their own, and long enough",
  async run(scene) {
    if (!scene.reading.valid) return skip('The configuration of the server is refused.')
    const { apps } = scene.reading.config
    if (apps.length === 0) return skip('The apps are in a database.')
    const facts = await scene.laravel()
    if (facts?.app.environment === 'local') {
      return ok('Secrets are not judged in the environment local.')
    }
    const seen = new Map<string, string>()
    for (const { id, key, secret } of apps) {
      const fingerprint = fingerprintOf(secret)
      const shared = seen.get(secret)
      seen.set(secret, id)
      const found = (summary: string, causeId: string) =>
        ({
          outcome: 'warning',
          summary,
          cause: 'Whoever knows the secret can publish to all pages, and join any channel.',
          causeId,
          fix: {
            text: `Make a new secret for app ${id}, and set it here and in the Laravel app. Until both have it, the old one can stay accepted as previousSecret.`,
            paste: 'openssl rand -hex 32',
            into: 'shell',
          },
        }) as const
      if (isWellKnown(fingerprint) || secret === key || secret === id) {
        return found(`The secret of app ${id} stands in examples.`, 'well-known-secret')
      }
      if (shared !== undefined) {
        return found(`The apps ${shared} and ${id} have the same secret.`, 'shared-secret')
      }
      if (fingerprint.length < SHORT_SECRET) {
        const summary = `The secret of app ${id} has ${fingerprint.length} characters.`
        return found(summary, 'short-secret')
      }
    }
    return ok('The secrets are their own, and long enough.')
  },
}

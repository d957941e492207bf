/**
 * `config.credentials`: whether the app signs with an id, a key and a secret that the server knows.
 */
import { type Finding, ok, skip } from '../check.ts'
import { usedConnection } from '../laravel/facts.ts'
import { fingerprintOf, isSame } from '../laravel/secret.ts'
import { written } from '../written.ts'
import { missingCredentials, missingParts } from './driver.ts'
import { laravelCheck, type Sides } from './laravel-check.ts'

export const credentialsAreKnown = laravelCheck(
  {
    id: 'config.credentials',
    question: "Are the app's id, key and secret those of the server",
    needs: ['config.driver'],
  },
  (sides) => {
    const { facts, config } = sides
    const used = usedConnection(facts)
    if (used?.driver === 'redis') return skip('The redis driver signs nothing.')
    const missing = missingParts(used)
    if (missing.length > 0) {
      return {
        outcome: 'critical',
        summary: 'The app has no complete credentials to broadcast with.',
        ...missingCredentials(facts, facts.app.default ?? '', missing),
      }
    }
    if (config.apps.length === 0) return skip('The apps are in a database.')
    const byId = config.apps.find(({ id }) => id === used?.appId)
    const byKey = config.apps.find(({ key }) => key === used?.key)
    const app = byId ?? byKey
    if (app === undefined) return unknownApp(sides)
    if (byId === undefined) return wrong(sides, app, 'APP_ID', 'id', used?.appId)
    if (byKey !== byId) return wrong(sides, app, 'APP_KEY', 'key', used?.key)
    const secret = used?.secret
    if (secret !== undefined && isSame(secret, fingerprintOf(app.secret))) {
      return ok(`The app signs as ${app.id}, with the server's key and secret for it.`)
    }
    if (
      secret !== undefined &&
      app.previousSecret !== undefined &&
      isSame(secret, fingerprintOf(app.previousSecret))
    ) {
      return {
        outcome: 'warning',
        summary: `The app still signs with the previous secret of ${app.id}.`,
        causeId: 'previous-secret',
        fix: setSecret(sides),
      }
    }
    return {
      outcome: 'critical',
      summary: `The app signs as ${app.id} with another secret than the server has for it.`,
      evidence: [
        `the app's secret has ${secret?.length ?? 0} characters, the server's ${app.secret.length}`,
      ],
      cause: 'Every request and every private subscription that the app signs is refused.',
      causeId: 'wrong-secret',
      fix: setSecret(sides),
    }
  },
)

function setSecret({ facts }: Sides): NonNullable<Finding['fix']> {
  const place = `${namesOf(facts.app.default)}_APP_SECRET`
  const into = `${facts.directory}/.env`
  return { text: `Copy the secret of the server's app into ${place} of the app's .env.`, into }
}

/** What the variables of a connection begin with, as Laravel's own configuration has it. */
export const namesOf = (connection: string | undefined): string =>
  (connection ?? 'reverb').toUpperCase()

type App = Sides['config']['apps'][number]

function wrong(
  { facts }: Sides,
  app: App,
  variable: 'APP_ID' | 'APP_KEY',
  part: 'id' | 'key',
  given: string | undefined,
): Finding {
  const name = `${namesOf(facts.app.default)}_${variable}`
  return {
    outcome: 'critical',
    summary: `The app's ${part} is not that of the server's app ${app.id}.`,
    evidence: [
      `${part} ${written(given)} in the app`,
      `${part} ${written(app[part])} in the server`,
    ],
    causeId: `wrong-${part}`,
    fix: {
      text: `Set ${name} in the app's .env.`,
      paste: `${name}=${app[part]}`,
      into: `${facts.directory}/.env`,
    },
  }
}

function unknownApp({ facts, config }: Sides): Finding {
  const used = usedConnection(facts)
  const names = namesOf(facts.app.default)
  const [only, another] = config.apps
  const fix =
    only === undefined || another !== undefined
      ? { text: `Set ${names}_APP_ID, _KEY and _SECRET to those of an app of the server.` }
      : {
          text: "Set the server's id and key, and copy its secret.",
          paste: `${names}_APP_ID=${only.id}\n${names}_APP_KEY=${only.key}`,
        }
  return {
    outcome: 'critical',
    summary: 'The server knows no app by the id or the key that the Laravel app has.',
    evidence: [
      `id ${written(used?.appId)}, key ${written(used?.key)} in the app`,
      `served here: ${config.apps.map(({ id, key }) => `id ${written(id)}, key ${written(key)}`).join('; ')}`,
    ],
    causeId: 'unknown-app',
    fix: { ...fix, into: `${facts.directory}/.env` },
  }
}

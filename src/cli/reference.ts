/**
 * The reference: pages and an example file made from the schema and the tables of codes.
 *
 * `docs/configuration.md`, `docs/errors.md` and `config.example.json` are what these functions return;
 * a test fails when they are not.
 */
import { settingPath } from '../config/environment.ts'
import { OPTIONS, type Option } from '../config/options.ts'
import { withValue } from '../config/tree.ts'
import { CHECKS } from '../diagnose/checks.ts'
import { FAULTS } from '../errors.ts'
import { CODES } from '../protocol/codes.ts'

/** Everything the pages say, for programs. */
export function reference(): Readonly<Record<string, unknown>> {
  return {
    options: OPTIONS.map(({ name, variable, type, accepts, description, ...option }) => ({
      name,
      variable,
      type,
      accepts,
      default: option.default ?? null,
      secret: option.secret !== undefined,
      description,
    })),
    faults: Object.entries(FAULTS).map(([code, fault]) => ({ code, ...fault })),
    codes: CODES,
  }
}

/** docs/configuration.md */
export function optionsPage(): string {
  const groups = new Map<string, Option[]>()
  for (const option of OPTIONS) {
    groups.set(option.group.name, [...(groups.get(option.group.name) ?? []), option])
  }
  return `${OPTIONS_INTRODUCTION}
${[...groups].map(([name, options]) => optionsSection(name, options)).join('\n')}`
}

/** docs/errors.md */
export function errorsPage(): string {
  const faults = Object.entries(FAULTS).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(remedy)} |\n`,
  )
  const codes = CODES.map(
    ({ code, meaning, remedy }) => `| ${code} | ${cell(meaning)} | ${cell(remedy)} |\n`,
  )
  return `# Error codes

<!-- Written by \`resound config docs --page errors\`. -->

## Faults

What stops the server or a command, or is logged while it runs. Configuration faults end with exit code 78,
the others with 1.

| code | meaning | what to do |
| --- | --- | --- |
${faults.join('')}
## Codes that clients receive

In \`pusher:error\`, and as the code of a close. The hundreds say what a client does next: 4000 to 4099 it does
not reconnect, 4100 to 4199 it reconnects after a pause, 4200 to 4299 at once. 4300 to 4399 leave the
connection open.

| code | meaning | what to do |
| --- | --- | --- |
${codes.join('')}`
}

/** docs/checks.md */
export function checksPage(): string {
  const rows = CHECKS.map(({ id, question, needs = [] }) => {
    const first = needs.map((need) => `\`${need}\``).join(', ')
    return `| \`${id}\` | ${cell(question)} | ${first} |\n`
  })
  return `# Checks of diagnose

<!-- Written by \`resound config docs --page checks\`. -->

In the order in which [resound diagnose](diagnose.md) asks them. A check is asked when those that it needs are well.

| id | question | needs |
| --- | --- | --- |
${rows.join('')}`
}

/** config.example.json: every option that has a default, at that default. */
export function exampleFile(): string {
  let example: unknown = {}
  for (const option of OPTIONS) {
    const value = option.default ?? EXAMPLE_APP[option.name]
    if (value !== undefined) example = withValue(example, settingPath(option), value)
  }
  const text = JSON.stringify(example, null, 2)
  return `${text.replace(/\[\s+("[^"]*")\s+\]/g, '[$1]')}\n` // as the formatter writes a short list
}

const OPTIONS_INTRODUCTION = `# Configuration

<!-- Written by \`resound config docs\`. -->

Every option can stand in a JSON file (\`--config FILE\`, or \`RESOUND_CONFIG\`) and in the environment. Later
ones win: defaults, the \`.env\` of a Laravel app (\`--laravel DIR\`), the file, Laravel's names in the
environment, \`RESOUND_\` variables, flags. Unknown keys and variables, and values out of bounds, stop the
start with exit code 78; the message lists them all with their places. \`resound config show\` prints what is
in effect and where it came from. \`config.example.json\` holds every default.

**Variables.** The name is the option's path. Lists are separated by commas, truth is \`true\` or \`false\` (also
\`1\`, \`0\`, \`on\`, \`off\`, \`yes\`, \`no\`), headers are a JSON object, and an empty variable counts as unset,
except for the Redis prefix.
\`_FILE\` after a name reads the value from that file, without the newline at its end. What Kubernetes sets for a
Service called resound (\`RESOUND_SERVICE_HOST\`, \`RESOUND_PORT=tcp://...\`) is left alone.

**Reload.** SIGHUP reads all of it again. Apps, \`limits\`, \`log.level\` and the certificate of \`tls\` change at once,
and Laravel is heard where \`redis\` says, while what the nodes share moves with a restart. The log names what needs one, and a
configuration with a problem changes nothing.

**One app by variables.** \`RESOUND_APP_...\` describes one app with at most one webhook, where the file lists
none; beside a list they are refused. Without an id, a key and a secret from anywhere they are generated on
the first start and kept in \`.resound/app.json\` under the working directory, readable by its owner only.

**Laravel's names** are understood as well, so that one \`.env\` serves both sides:

| Laravel | here |
| --- | --- |
| \`REVERB_APP_ID\`, \`REVERB_APP_KEY\`, \`REVERB_APP_SECRET\` | the app; before \`PUSHER_APP_ID\`, \`PUSHER_APP_KEY\`, \`PUSHER_APP_SECRET\` |
| \`REVERB_SERVER_HOST\`, \`REVERB_SERVER_PORT\`, \`REVERB_SERVER_PATH\` | \`host\`, \`port\`, \`pathPrefix\` |
| \`REDIS_URL\`, or \`REDIS_HOST\`, \`REDIS_PORT\`, \`REDIS_PASSWORD\`, \`REDIS_USERNAME\`, \`REDIS_SCHEME\` | \`redis.url\` |
| \`REDIS_SENTINEL_HOST\` (with commas), \`_PORT\`, \`_SERVICE\`, \`_USERNAME\`, \`_PASSWORD\` | \`redis.sentinels\`, and the name in \`redis.url\` |
| \`REDIS_PREFIX\` | \`apps[].laravel.redisPrefix\`, where there is a Redis |

As in Laravel, the text \`null\` counts as unset. \`RESOUND_\` names win over these, and among these the
process's environment over the \`.env\`.

**A Laravel app's \`.env\`** (\`--laravel DIR\`) is read as Laravel reads it and never written. It gives what the
table above says, and beyond it:

- Where \`REVERB_SCHEME\` is \`http\` and \`REVERB_HOST\` this machine, \`REVERB_PORT\` is the port to listen on, unless
  \`REVERB_SERVER_PORT\` names one: what \`reverb:install\` wrote works unchanged. Likewise \`PUSHER_...\`.
- With both families of credentials, the broadcast driver decides: \`BROADCAST_CONNECTION\`, or \`BROADCAST_DRIVER\`
  where there is no other, or where the app's \`config/broadcasting.php\` reads that.
- Redis counts only where the app broadcasts through it, or sets \`REDIS_PREFIX\`. Without \`REDIS_PREFIX\` the prefix
  is read out of the app's \`config/database.php\`, or the framework's; one that cannot be told stops the start.
- For an app on the \`redis\` driver, \`APP_URL\` is \`apps[].laravel.authUrl\`: private and presence channels are
  authorised here, and the log says what pages need for it.
- \`allowedOrigins\` stays \`*\`, whatever \`APP_URL\` is.

Each value taken is logged with its variable, and so is what in the app contradicts being served from here:
keys, hosts, ports and schemes, those that \`VITE_\` or \`MIX_\` variables tell the pages as well. After a reload
only what has changed is logged.
`

/** What the illustrative app of the example has where there is no default. */
const EXAMPLE_APP: Readonly<Record<string, unknown>> = {
  'apps[].id': '123456',
  'apps[].key': 'my-app-key',
  'apps[].secret': 'replace-with-a-long-random-text',
  'apps[].webhooks[].url': 'https://my-app.example/webhooks',
}

function optionsSection(name: string, options: readonly Option[]): string {
  const rows = options.map((option) => {
    const value = option.default === undefined ? '' : `\`${JSON.stringify(option.default)}\``
    const meaning = `${option.description}${unseen(option)}`
    return `| \`${option.name}\` | ${value} | ${cell(option.accepts)} | ${cell(meaning)} | \`${option.variable}\` |\n`
  })
  const title = name === '' ? '## The server' : `## \`${name}\``
  const about = options[0]?.group.description ?? ''
  return `${title}
${about === '' ? '' : `\n${about}\n`}
| option | default | accepts | meaning | variable |
| --- | --- | --- | --- | --- |
${rows.join('')}`
}

/** What of an option nobody gets to see. */
function unseen({ secret, type }: Option): string {
  if (secret === undefined) return ''
  if (type === 'map') return ' The values are never shown.'
  if (secret === 'address') return ' Shown without what follows the first part of its path.'
  return secret === 'password' ? ' A password in it is never shown.' : ' Never shown.'
}

/** Text that stays in its cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*')
}

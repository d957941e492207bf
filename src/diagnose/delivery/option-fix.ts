/**
 * A fix in the server's own configuration, at the place where this configuration is.
 */

import type { Loaded } from '../../config/load.ts'
import { OPTIONS } from '../../config/options.ts'
import type { Fix } from '../check.ts'
import type { Scene } from '../scene.ts'
import type { LocalServer } from './server.ts'

/**
 * Sets an option that `resound reload` takes over.
 * @param name as in the reference: `limits.eventBytes`, `apps[].laravel.redisPrefix`
 */
export function serverOptionFix(
  scene: Scene,
  local: LocalServer,
  text: string,
  name: string,
  value: string | number,
): Fix {
  return serverOptionsFix(scene, local, text, { [name]: value })
}

/** As `serverOptionFix`, for several of one place; those that are undefined are left as they are. */
export function serverOptionsFix(
  { reading }: Scene,
  { config, app }: LocalServer,
  text: string,
  values: Readonly<Record<string, string | number | undefined>>,
): Fix {
  const index = config.apps.indexOf(app)
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value, keys: name.split('.') }],
  )
  const file = reading.valid
    ? fileOf(
        reading,
        given.map(({ name }) => name),
        index,
      )
    : undefined
  if (file === undefined) {
    return {
      text: `${text} Then start the server again.`,
      paste: given.map(({ name, value }) => `${variableOf(name)}=${value}`).join('\n'),
      into: 'the environment of the server',
    }
  }
  const place = given[0]?.keys.slice(0, -1).join('.').replace('[]', `[${index}]`)
  return {
    text: `${text} Then: resound reload.`,
    paste: given.map(({ keys, value }) => `"${keys.at(-1)}": ${JSON.stringify(value)}`).join(',\n'),
    into: `${file}, ${place}`,
  }
}

/** The file where these options count; undefined where variables would win, or there is no file. */
function fileOf(reading: Loaded, names: readonly string[], index: number): string | undefined {
  const isInFile = names.every((name) => {
    const path = name.split('.').flatMap((key) => (key === 'apps[]' ? ['apps', index] : key))
    const { kind } = reading.originOf(path)
    if (kind === 'file') return true
    // An app is described in one place.
    const whole = name.startsWith('apps') ? reading.originOf(['apps', index, 'id']).kind : 'file'
    return kind !== 'environment' && whole === 'file'
  })
  return isInFile ? reading.file : undefined
}

function variableOf(name: string): string {
  const option = OPTIONS.find((candidate) => candidate.name === name)
  if (option === undefined) throw new Error(`no option is called ${name}`)
  return option.variable
}

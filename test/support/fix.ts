/** What `diagnose` says to paste, pasted where it says. */
import { expect } from 'vitest'
import type { Result } from '../../src/diagnose/run.ts'
import type { Diagnosed } from './diagnosis.ts'

/** Pastes a fix into the app's `.env`, or into the server's configuration file, which is then read again. */
export async function paste(diagnosed: Diagnosed, { fix }: Result): Promise<void> {
  const { paste: text = '', into = '' } = fix ?? {}
  if (into === diagnosed.env) return diagnosed.configure(...text.split('\n'))
  const [, file, place] = /^(.+\.json).*, ([\w.[\]]+)$/.exec(into) ?? []
  expect(file).toBe(diagnosed.file)
  const values = JSON.parse(`{${text}}`)
  switch (place) {
    case 'limits':
      return diagnosed.reconfigure({}, { limits: values })
    case 'apps[0].laravel':
      return diagnosed.reconfigure({ laravel: values })
    default:
      throw new Error(`nothing is pasted into ${into}`)
  }
}

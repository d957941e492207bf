import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPTIONS } from '../../src/config/options.ts'
import { valueAt } from '../../src/config/tree.ts'
import { resound } from '../support/command.ts'

const ROOT = path.join(import.meta.dirname, '../..')

it.each([
  ['docs/configuration.md', 'options'],
  ['docs/errors.md', 'errors'],
  ['docs/metrics.md', 'metrics'],
  ['docs/cli.md', 'cli'],
  ['docs/checks.md', 'checks'],
  ['config.example.json', 'example'],
])('%s is what "resound config docs --page %s" prints', async (file, page) => {
  const { stdout } = await resound(['config', 'docs', '--page', page])
  expect(readFileSync(path.join(ROOT, file), 'utf8')).toBe(stdout)
})

describe('config.example.json', () => {
  const example: unknown = JSON.parse(readFileSync(path.join(ROOT, 'config.example.json'), 'utf8'))

  it('holds every option that has a default, at its default', () => {
    const withDefault = OPTIONS.filter((option) => option.default !== undefined)
    expect(withDefault.length).toBeGreaterThan(0)
    for (const { name, path: keys, ...option } of withDefault) {
      const value = valueAt(
        example,
        keys.map((key) => (key === '[]' ? 0 : key)),
      )
      expect(value, name).toEqual(option.default)
    }
  })

  it('is accepted', async () => {
    const { code } = await resound(['config', 'check', '--config', 'config.example.json'], {
      directory: ROOT,
    })
    expect(code).toBe(0)
  })
})

import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPTIONS } from '../../src/config/options.ts'
import { codeIn, Page } from '../support/page.ts'

const PAGES = readdirSync(path.join(import.meta.dirname, '../../docs')).filter((file) =>
  file.startsWith('from-'),
)

/** What could only be an option: a path, or a word in camel case. */
const OPTION_LIKE = /^[a-z]+(?=.*[A-Z.[])[\w.[\]]*(\.\*)?$/

const NAMES = OPTIONS.map(({ name }) => name)

/** An option, or what options stand in. */
const isOption = (text: string): boolean => {
  const start = text.replace(/\*$/, '')
  return NAMES.some((name) => name === text || name.startsWith(start.replace(/[^.]$/, '$&.')))
}

describe.each(PAGES)('%s', (page) => {
  it("names options that exist, in its tables' last column", () => {
    const named = new Page(page)
      .rows()
      .flatMap((cells) => codeIn(cells.at(-1) ?? ''))
      .filter((text) => OPTION_LIKE.test(text))
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((text) => !isOption(text))).toEqual([])
  })

  it('names environment variables of ours that exist', () => {
    const named = new Page(page).text.match(/\bRESOUND_[A-Z_]+\b/g) ?? []
    const existing = OPTIONS.map(({ variable }) => variable)
    expect(named.filter((name) => !existing.includes(name))).toEqual([])
  })
})

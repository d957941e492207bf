import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPTIONS } from '../../src/config/options.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const SNIPPETS = path.join(ROOT, 'docs/snippets')
const PAGES = [
  ...['README.md', 'CHANGELOG.md'],
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

const read = (file: string): Promise<string> => readFile(path.join(ROOT, file), 'utf8')

describe('the README', () => {
  it('names environment variables that exist', async () => {
    const named = (await read('README.md')).match(/\bRESOUND_[A-Z_]+\b(?!\*)/g) ?? []
    expect(named.length).toBeGreaterThan(5)
    const existing = OPTIONS.map(({ variable }) => variable)
    for (const name of named) expect(existing).toContain(name)
  })
})

it.each(readdirSync(SNIPPETS))('%s is shown on a page as the tests use it', async (snippet) => {
  const text = (await readFile(path.join(SNIPPETS, snippet), 'utf8')).trimEnd()
  const pages = await Promise.all(PAGES.map(read))
  const inSteps = pages.map((page) => page.replace(/^ {3}/gm, ''))
  const shown = [...pages, ...inSteps].filter((page) => page.includes(`\n${text}\n\`\`\``))
  expect(shown.length).toBeGreaterThan(0)
})

describe.each(PAGES)('%s', (page) => {
  it('links to files that exist', async () => {
    const links = [...(await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, to]) => to)
    for (const to of links) {
      expect(existsSync(path.join(ROOT, path.dirname(page), to ?? '')), to).toBe(true)
    }
  })
})

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { Directory } from '../support/directory.ts'
import { Page } from '../support/page.ts'

const run = promisify(execFile)
const ROOT = path.join(import.meta.dirname, '../..')
const FILE = path.join(ROOT, 'docs/prometheus/resound.rules.yml')
const TESTS = path.join(import.meta.dirname, 'resound.rules.test.yml')

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
})

const rules = Rules.parse(parse(readFileSync(FILE, 'utf8'))).groups.flatMap((group) => group.rules)

/** A heading as a link leads to it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

describe('the alert rules', () => {
  it('are accepted by promtool', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', '--lint-fatal', FILE])
    expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`)
  })

  it('fire on what they are for, and on nothing like it', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', TESTS])
    expect(stdout).toContain('SUCCESS')
    const names = [...readFileSync(TESTS, 'utf8').matchAll(/^ {2}- name: (.+)$/gm)]
    expect(names.map(([, name]) => name)).toEqual(rules.map(({ alert }) => alert))
  })

  it('have tests that a wrong rule does not pass', async () => {
    const [first] = parse(readFileSync(TESTS, 'utf8')).tests
    using copy = new Directory({
      'rules.yml': readFileSync(FILE, 'utf8').replace('up{job="resound"} == 0', 'up == 2'),
      'rules.test.yml': { rule_files: ['rules.yml'], tests: [first] },
    })
    const tests = run('promtool', ['test', 'rules', copy.file('rules.test.yml')])
    await expect(tests).rejects.toMatchObject({ code: 1 })
  })

  it('lead to a runbook that says how urgent it is, and there are no others', () => {
    const { text } = new Page('runbooks.md')
    const sections = [...text.matchAll(/^## (.+)\n\n\*(\w+)\.\*/gm)]
    expect(sections.map(([, heading = '', severity]) => [heading, severity]).sort()).toEqual(
      rules.map(({ alert, labels }) => [alert, labels.severity]).sort(),
    )
    expect([...text.matchAll(/^## /gm)]).toHaveLength(rules.length)
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).toBe(`docs/runbooks.md#${anchorOf(alert)}`)
    }
  })

  it('have runbooks whose links lead somewhere', () => {
    const { text } = new Page('runbooks.md')
    const links = [...text.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)]
    expect(links.length).toBeGreaterThan(20)
    for (const [, file = '', anchor] of links) {
      const name = file === '' ? 'runbooks.md' : file
      const headings = [...new Page(name).text.matchAll(/^#+ (.+)$/gm)]
      const anchors = headings.map(([, heading = '']) => anchorOf(heading))
      if (anchor !== undefined) expect(anchors, name).toContain(anchor)
    }
  })
})

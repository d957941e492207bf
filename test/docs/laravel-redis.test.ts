import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const APP = 'test/support/laravel-app'

const linesOf = async (...files: readonly string[]): Promise<readonly string[]> => {
  const texts = await Promise.all(files.map((file) => readFile(path.join(ROOT, file), 'utf8')))
  return texts.flatMap((text) => text.split('\n').map((line) => line.trim()))
}

it('the page about the redis driver shows lines of the app that the tests run', async () => {
  const page = await readFile(path.join(ROOT, 'docs/laravel-redis.md'), 'utf8')
  const blocks = [...page.matchAll(/^```php\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const shown = blocks.flatMap((block) => block.split('\n').map((line) => line.trim()))
  const real = await linesOf(
    `${APP}/config/broadcasting.php`,
    `${APP}/routes/broadcasting.php`,
    `${APP}/routes/channels.php`,
  )

  expect(shown.length).toBeGreaterThan(20)
  expect(shown.filter((line) => !real.includes(line))).toEqual([])
})

import { describe, expect, it } from 'vitest'
import { secretsInUrl, shownUrl } from '../../src/config/shown-url.ts'

const TOKEN = 'xoxb-of-sixteen-and-more'

describe('an address that may hold a secret', () => {
  it.each([
    ['https://shop.example/hooks', 'https://shop.example/hooks'],
    ['https://shop.example', 'https://shop.example/'],
    [`https://hooks.example/services/T0/B0/${TOKEN}`, 'https://hooks.example/services/********'],
    [`https://hooks.example/${TOKEN}`, 'https://hooks.example/********'],
    ['https://hooks.example/a?key=word', 'https://hooks.example/a?********'],
    ['https://ann:word@hooks.example:444/a', 'https://hooks.example:444/a'],
    ['no address', '********'],
  ])('%s is shown as %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown)
  })

  it.each([
    [`https://hooks.example/services/T0/B0/${TOKEN}`, TOKEN],
    [`https://hooks.example/${TOKEN}`, TOKEN],
    ['https://hooks.example/a?key=word', 'word'],
    ['https://ann:pass@hooks.example/a', 'pass'],
  ])('%s holds %s', (url, secret) => {
    expect(secretsInUrl(url)).toContain(secret)
  })
})

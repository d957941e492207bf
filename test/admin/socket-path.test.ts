import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fits, identityOf, placeForSocket, socketPaths } from '../../src/admin/socket-path.ts'
import { Directory } from '../support/directory.ts'

describe('what tells a server from another', () => {
  it('is its file, whatever the path to it and the working directory', () => {
    using directory = new Directory({ 'resound.json': {} })
    symlinkSync('resound.json', directory.file('link.json'))
    const named = identityOf({ config: 'resound.json' }, {}, directory.path)
    for (const same of [
      identityOf({ config: directory.file('resound.json') }, {}, '/'),
      identityOf({ config: directory.file('link.json') }, {}, '/'),
      identityOf({}, { RESOUND_CONFIG: directory.file('resound.json') }, '/'),
      identityOf({ config: directory.file('resound.json'), port: '1', host: 'h' }, {}, '/'),
    ]) {
      expect(same).toBe(named)
    }
  })

  it.each<[what: string, other: string]>([
    ['another file', identityOf({ config: 'b' }, {}, '/d')],
    ['a Laravel app beside it', identityOf({ config: 'a', laravel: 'app' }, {}, '/d')],
    ['a port of the environment', identityOf({ config: 'a' }, { RESOUND_PORT: '1' }, '/d')],
    ['no file', identityOf({}, {}, '/d')],
  ])('differs by %s', (_what, other) => {
    expect(other).not.toBe(identityOf({ config: 'a' }, {}, '/d'))
  })

  it('is the working directory where nothing else is named', () => {
    expect(identityOf({}, {}, '/a')).not.toBe(identityOf({}, {}, '/b'))
  })
})

describe('the place of a socket', () => {
  it('is in a directory of its own, and is found there', () => {
    using runtime = new Directory()
    const environment = { XDG_RUNTIME_DIR: runtime.path }
    const place = placeForSocket('id', environment)
    expect(place).toBe(runtime.file('resound/id.sock'))
    expect(socketPaths('id', environment)[0]).toBe(place)
  })

  it('is elsewhere when the path would be too long for a socket', () => {
    using runtime = new Directory()
    const long = runtime.file('x'.repeat(80))
    mkdirSync(long)
    const place = placeForSocket('id', { XDG_RUNTIME_DIR: long }) ?? ''
    expect(place.startsWith(long)).toBe(false)
    expect(fits(place)).toBe(true)
  })

  it('is not sought where others could have put one', () => {
    using runtime = new Directory()
    mkdirSync(runtime.file('resound'))
    chmodSync(runtime.file('resound'), 0o777)
    const paths = socketPaths('id', { XDG_RUNTIME_DIR: runtime.path })
    expect(paths).not.toContain(runtime.file('resound/id.sock'))
  })
})

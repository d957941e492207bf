import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isPrivateHost, isPublicAddress, publicOnly } from '../../src/outward/address.ts'

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'of the open internet is public: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  it.each([
    ['this machine', '127.0.0.1'],
    ['this machine, by another number', '127.255.0.9'],
    ['this machine, IPv6', '::1'],
    ['any of this machine', '0.0.0.0'],
    ['any of this machine, IPv6', '::'],
    ['a private network', '10.1.2.3'],
    ['a private network', '172.31.255.255'],
    ['a private network', '192.168.0.1'],
    ['a link', '169.254.1.1'],
    ['a link, IPv6', 'fe80::1'],
    ["a cloud's metadata", '169.254.169.254'],
    ["a cloud's metadata, IPv6", 'fd00:ec2::254'],
    ['a unique local network', 'fc00::1'],
    ['a site, as it was once', 'fec0::1'],
    ["a provider's network", '100.64.0.1'],
    ['a documentation', '192.0.2.1'],
    ['a benchmark', '198.18.0.1'],
    ['many', '224.0.0.1'],
    ['many, IPv6', 'ff02::1'],
    ['everybody', '255.255.255.255'],
    ['the future', '240.0.0.1'],
    ['this machine inside of IPv6', '::ffff:127.0.0.1'],
    ['this machine inside of IPv6, in hexadecimal', '::ffff:7f00:1'],
    ['this machine inside of IPv6, as it was once', '::127.0.0.1'],
    ['this machine inside of IPv6, as it was once and as URLs write it', '::7f00:1'],
    ['nobody', '4000::1'],
    ["a cloud's host, which has secrets of its guests", '168.63.129.16'],
    ["a cloud's host inside of IPv6", '::ffff:168.63.129.16'],
    ['a translation to IPv4', '64:ff9b::7f00:1'],
    ['a local translation to IPv4', '64:ff9b:1::7f00:1'],
    ['a tunnel to IPv4', '2002:7f00:1::'],
    ['a tunnel through IPv4', '2001::1'],
  ])('of %s is not: %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe("a URL's host", () => {
  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://017700000001/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[fd00::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://app.localhost/',
  ])('is private however it is written: %s', (url) => {
    expect(isPrivateHost(new URL(url).hostname)).toBe(true)
  })

  it.each(['http://app.example.com/', 'http://localhost.example.com/', 'http://8.8.8.8/'])(
    'is not known to be private: %s',
    (url) => {
      expect(isPrivateHost(new URL(url).hostname)).toBe(false)
    },
  )
})

describe('a look-up', () => {
  const found =
    (...addresses: string[]): LookupFunction =>
    (_host, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )

  const look = (resolve: LookupFunction, all: boolean) =>
    new Promise<{ error: Error | null; answer: string | LookupAddress[] }>((done) => {
      publicOnly(resolve)('app.test', { all }, (error, answer) => done({ error, answer }))
    })

  it('gives the public addresses of a name, and no other', async () => {
    const resolve = found('127.0.0.1', '8.8.8.8', 'fd00::1', '2606:4700::1111')
    expect(await look(resolve, true)).toEqual({
      error: null,
      answer: [
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    })
    expect(await look(resolve, false)).toEqual({ error: null, answer: '8.8.8.8' })
  })

  it('fails where none is public', async () => {
    const { error } = await look(found('127.0.0.1', '::1', '10.0.0.1'), true)
    expect(error?.message).toBe('app.test has no public address')
  })

  it('fails where there is no such name', async () => {
    const fault = new Error('no such name')
    expect((await look((_host, _options, done) => done(fault, []), true)).error).toBe(fault)
  })

  it('of the system is used where no other is given', async () => {
    const { error } = await new Promise<{ error: Error | null }>((done) => {
      publicOnly()('localhost', { all: true }, (failure) => done({ error: failure }))
    })
    expect(error?.message).toBe('localhost has no public address')
  })
})

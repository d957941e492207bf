import { describe, expect, it } from 'vitest'
import { Stream } from '../../src/bench/ledger.ts'

/** A stream with hearers, of which each event is heard as the test says. */
function streamOf(...connections: readonly number[]): Stream {
  const stream = new Stream()
  for (const connection of connections) stream.join(connection)
  stream.begin()
  return stream
}

describe('the events of a stream', () => {
  it('are complete when everybody has heard each, in whatever order', () => {
    const stream = streamOf(1, 2)
    for (let sent = 0; sent < 3; sent += 1) stream.next()
    for (const number of [1, 2, 3]) expect(stream.heard(1, number)).toBe(true)
    for (const number of [3, 1, 2]) expect(stream.heard(2, number)).toBe(true)
    expect(stream.account()).toEqual({ counted: 6, missed: 0, doubled: 0 })
  })

  it('are missed where they lie between others, and where nothing comes after them', () => {
    const stream = streamOf(1, 2)
    for (let sent = 0; sent < 4; sent += 1) stream.next()
    stream.heard(1, 1)
    stream.heard(1, 3)
    expect(stream.account()).toEqual({ counted: 2, missed: 6, doubled: 0 })
  })

  it('count once, however often they come', () => {
    const stream = streamOf(1)
    stream.next()
    stream.next()
    expect([1, 1, 2, 1].map((number) => stream.heard(1, number))).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(stream.account()).toEqual({ counted: 2, missed: 0, doubled: 2 })
  })

  it('are not missed by the one who sent them', () => {
    const stream = streamOf(1, 2)
    const number = stream.next(1)
    stream.heard(2, number)
    expect(stream.account()).toEqual({ counted: 1, missed: 0, doubled: 0 })
    stream.heard(1, number)
    expect(stream.account().doubled).toBe(1)
  })

  it('are neither missed nor counted when nobody knows whether they were published', () => {
    const stream = streamOf(1, 2)
    stream.next()
    stream.heard(1, 1)
    expect(stream.doubt(1)).toBe(1)
    stream.next()
    for (const connection of [1, 2]) stream.heard(connection, 2)
    expect(stream.heard(2, 1)).toBe(false)
    expect(stream.account()).toEqual({ counted: 3, missed: 0, doubled: 0 })
  })

  it('of a measure before are not looked at any more', () => {
    const stream = streamOf(1)
    stream.next()
    stream.next()
    stream.begin()
    stream.next()
    expect(stream.heard(1, 2)).toBe(false)
    expect(stream.heard(1, 3)).toBe(true)
    expect(stream.account()).toEqual({ counted: 1, missed: 0, doubled: 0 })
  })

  it('that another thread published are told of when it is over, the doubtful ones as well', () => {
    const there = streamOf(1)
    there.next()
    const here = streamOf(1, 2)
    there.begin()
    here.begin(there.published.sent)
    const [, third, fourth] = [there.next(), there.next(), there.next()]
    there.doubt(fourth)
    expect(here.heard(1, 1)).toBe(false)
    for (const number of [2, third, fourth]) expect(here.heard(1, number)).toBe(true)
    here.heard(2, third)
    // three each, but for the one that nobody need hear and that one has not
    expect(here.learn(there.published)).toBe(5)
    expect(here.account()).toEqual({ counted: 4, missed: 1, doubled: 0 })
  })
})

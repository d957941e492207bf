import { describe, expect, it } from 'vitest'
import { Members } from '../../channels/members.ts'

const ann = { userId: 'ann', userInfo: '{"name":"Ann"}' }
const bob = { userId: 'bob', userInfo: 'null' }

describe('the members of a channel', () => {
  it('are added with their first socket only', () => {
    const members = new Members()
    expect(members.join('1.1', ann)).toBe(true)
    expect(members.join('1.2', ann)).toBe(false)
    expect(members.join('1.3', bob)).toBe(true)
    expect(members.count).toBe(2)
  })

  it('are removed with their last socket only', () => {
    const members = new Members()
    members.join('1.1', ann)
    members.join('1.2', ann)
    expect(members.leave('1.1')).toBeUndefined()
    expect(members.has('ann')).toBe(true)
    expect(members.leave('1.2')).toEqual(ann)
    expect(members.has('ann')).toBe(false)
    expect(members.count).toBe(0)
  })

  it('keep what was said of them first', () => {
    const members = new Members()
    members.join('1.1', ann)
    members.join('1.2', { userId: 'ann', userInfo: '{"name":"Another"}' })
    expect([...members]).toEqual([ann])
  })

  it('are who they say anew after all their sockets have left', () => {
    const renamed = { userId: 'ann', userInfo: '{"name":"Another"}' }
    const members = new Members()
    members.join('1.1', ann)
    members.leave('1.1')
    expect(members.join('1.2', renamed)).toBe(true)
    expect([...members]).toEqual([renamed])
  })

  it('are known by their sockets', () => {
    const members = new Members()
    members.join('1.1', ann)
    members.join('1.2', ann)
    members.join('1.3', bob)
    expect(members.memberOf('1.2')).toEqual(ann)
    expect(members.socketsOf('ann')).toEqual(['1.1', '1.2'])
    expect(members.memberOf('9.9')).toBeUndefined()
    expect(members.socketsOf('nobody')).toEqual([])
  })

  it('do not change when a socket leaves that never came, or leaves twice', () => {
    const members = new Members()
    members.join('1.1', ann)
    members.join('1.2', ann)
    expect(members.leave('9.9')).toBeUndefined()
    expect(members.leave('1.1')).toBeUndefined()
    expect(members.leave('1.1')).toBeUndefined()
    expect(members.count).toBe(1)
  })

  it.each(['__proto__', 'constructor', 'toString', ''])('may be called %j', (userId) => {
    const members = new Members()
    expect(members.has(userId)).toBe(false)
    expect(members.join('1.1', { userId, userInfo: 'null' })).toBe(true)
    expect(members.leave('1.1')?.userId).toBe(userId)
  })
})

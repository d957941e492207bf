import { expect, it } from 'vitest'
import { clusterNodes } from '../../src/redis/location.ts'

const ASKED = { host: 'asked', port: 7000 }

it.each<[string, string, { host: string; port: number }, boolean]>([
  [
    'an address',
    'id 10.0.0.1:7001@17001 master - 0 1 2 connected 0-1',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'one of Redis 3',
    'id 10.0.0.1:7001 slave other 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'an address of IPv6',
    'id fd00::1:7001@17001 master - 0 1 2 connected',
    { host: 'fd00::1', port: 7001 },
    true,
  ],
  [
    'a host name',
    'id 10.0.0.1:7001@17001,one.test master - 0 1 2 connected',
    { host: 'one.test', port: 7001 },
    true,
  ],
  [
    'an empty host name',
    'id 10.0.0.1:7001@17001, master - 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'further names of Redis 7.2',
    'id 10.0.0.1:7001@17001,one.test,shard-id=1 master - 0 1 2 connected',
    { host: 'one.test', port: 7001 },
    true,
  ],
  [
    'the one that was asked, which need not know its address',
    'id :7000@17000 myself,master - 0 1 2 connected',
    ASKED,
    true,
  ],
  [
    'one that most do not reach',
    'id 10.0.0.1:7001@17001 master,fail - 0 1 2 disconnected',
    { host: '10.0.0.1', port: 7001 },
    false,
  ],
  [
    'one that only this one does not reach',
    'id 10.0.0.1:7001@17001 master,fail? - 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    true,
  ],
  [
    'one without an address',
    'id :0@0 master,noaddr - 0 1 2 disconnected',
    { host: 'asked', port: 0 },
    false,
  ],
  [
    'one that is being met',
    'id 10.0.0.1:7001@17001 handshake - 0 1 2 connected',
    { host: '10.0.0.1', port: 7001 },
    false,
  ],
])('reads %s from what a node of a Cluster says', (_what, line, address, isUsable) => {
  expect(clusterNodes(`${line}\n`, ASKED)).toEqual([
    { id: 'id', address, isAsked: line.includes('myself'), isUsable },
  ])
})

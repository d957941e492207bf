/**
 * What Redis has of a shard's nodes and of what they hold, for an operator who doubts it.
 *
 * Everything is looked at in one step and changes nothing. Of a node that holds much only some is
 * compared.
 */
import { z } from 'zod'

/** Of an incarnation: when its lease ends, and how much it holds. */
export interface NodeSeen {
  readonly incarnation: string
  /** Negative where it has ended. */
  readonly leaseMilliseconds: number
  /** What it says of itself; empty where it says nothing. */
  readonly about: Readonly<Record<string, unknown>>
  /** How late its event loop is. */
  readonly delayMilliseconds: number
  readonly entries: number
}

export interface Overview {
  readonly nodes: readonly NodeSeen[]
  /** What the asking node holds, as far as it was compared: with Redis, and Redis with it. */
  readonly compared: {
    readonly entries: number
    /** Held by the node, and not in what all share. */
    readonly missing: number
    /** In presence channels, and of no node. */
    readonly ghosts: number
    /** Where that is: `app channel`, some. */
    readonly examples: readonly string[]
  }
}

/** Most entries of a node that are compared. */
const MOST_COMPARED = 500

/**
 * ARGV P, incarnation that asks, most entries.
 * @returns nodes as `{ id, lease ms, names, delay, entries }`, then compared, missing, ghosts, examples
 */
export const OVERVIEW = `
local P, mine, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local listed = redis.call('ZRANGEBYSCORE', P .. 'nodes', '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1000)
local nodes, ids = {}, {}
for i = 1, #listed, 2 do
  local id = listed[i]
  ids[#ids + 1] = id
  nodes[#nodes + 1] = {
    id, math.floor(tonumber(listed[i + 1]) - now), redis.call('HGET', P .. 'names', id) or '{}',
    redis.call('HGET', P .. 'delays', id) or '0', redis.call('HLEN', P .. 'own:' .. id)
  }
end
local compared, missing, ghosts, examples, looked = 0, 0, 0, {}, {}
local function example(app, channel)
  if #examples < 5 then examples[#examples + 1] = app .. ' ' .. channel end
end
local found = redis.call('HSCAN', P .. 'own:' .. mine, '0', 'COUNT', most)[2]
for i = 1, math.min(#found, 2 * most), 2 do
  compared = compared + 1
  local kind, app, rest = string.match(found[i], '^(.)\\n([^\\n]*)\\n(.*)$')
  if kind == 'c' then
    local total = tonumber(redis.call('HGET', P .. 'total:' .. app, rest) or '0')
    if total < tonumber(found[i + 1]) then
      missing = missing + 1
      example(app, rest)
    end
  else
    local channel, user = string.match(rest, '^([^\\n]*)\\n(.*)$')
    local members = P .. 'members:' .. app .. '\\n' .. channel
    if redis.call('HEXISTS', members, user) == 0 then
      missing = missing + 1
      example(app, channel)
    end
    if not looked[members] and #looked < 20 and redis.call('HLEN', members) <= 200 then
      looked[members] = true
      looked[#looked + 1] = members
      for _, other in ipairs(redis.call('HKEYS', members)) do
        local held = other == ''
        for _, id in ipairs(ids) do
          if held then break end
          held = redis.call('HEXISTS', P .. 'own:' .. id, 'p\\n' .. app .. '\\n' .. channel .. '\\n' .. other) == 1
        end
        if not held then
          ghosts = ghosts + 1
          example(app, channel)
        end
      end
    end
  end
end
return { nodes, compared, missing, ghosts, examples }`

const SEEN = z.tuple([
  z.array(z.tuple([z.string(), z.int(), z.string(), z.string(), z.int()])),
  z.int(),
  z.int(),
  z.int(),
  z.array(z.string()),
])

export const overviewArguments = (incarnation: string): readonly [string, number] => [
  incarnation,
  MOST_COMPARED,
]

/** @param answer of `OVERVIEW` */
export function readOverview(answer: unknown): Overview {
  const [nodes, entries, missing, ghosts, examples] = SEEN.parse(answer)
  return {
    nodes: nodes.map(([incarnation, leaseMilliseconds, about, delay, held]) => ({
      incarnation,
      leaseMilliseconds,
      about: aboutIn(about),
      delayMilliseconds: Number(delay),
      entries: held,
    })),
    compared: { entries, missing, ghosts, examples },
  }
}

/** Of another release perhaps, and not to be trusted. */
function aboutIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    return {} // which says what there is to say
  }
}

/**
 * What happens in Redis, each script in one step: `store.ts` says what they are given and answer.
 *
 * Below the prefix P of a shard, whose braces keep it in one slot of a Cluster:
 *
 * - `gen`: which data this is; it is gone with them
 * - `seq`: counts what the scripts announce
 * - `nodes`: incarnations and when their leases end, in milliseconds of Redis' clock
 * - `names`: what an incarnation says of itself, as JSON
 * - `delays`: how late its event loop is, in milliseconds
 * - `own:<incarnation>`: all that would be wrong without it: `p\napp\nchannel\nuser` is a member, `c\napp\nchannel`
 *   a number of subscriptions
 * - `members:<app>\n<channel>`: a user's number of incarnations and `user_info`; under '' the number of the last change
 * - `total:<app>`: subscriptions of each channel
 * - `gone`: who left last and which channels were vacated, and when that is to be told
 * - `answers:<id>`: what nodes answered to a question, each as JSON; gone after seconds
 * - `cache:` and `missed:<app>\n<channel>`: the last event of a cache channel; whether its absence was told
 *
 * User ids may hold line breaks, so they come last wherever parts are joined.
 */

/** What all of them begin with. ARGV[1] is P. */
const HEAD = `
local P = ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`

/** How members and counts change, and what is announced of it. Needs \`grace\` and \`send\`, the command that publishes. */
const CHANGES = `
local records = {}
local function announce(record)
  local number = redis.call('INCR', P .. 'seq')
  record.s = number
  record.g = redis.call('GET', P .. 'gen')
  records[#records + 1] = cjson.encode(record)
  return number
end
local function changed(app, channel, members, kind, user, info)
  local before = tonumber(redis.call('HGET', members, '') or '0')
  local number = announce({ t = 'm', a = app, c = channel, k = kind, u = user, i = info, p = before })
  return before, number
end
local function flush(node)
  if #records == 0 then return end
  redis.call(send, P .. 'bus', '{"v":1,"n":"' .. node .. '"}\\n' .. table.concat(records, '\\n') .. '\\n')
end
local function leave(app, channel, user, tells)
  local members = P .. 'members:' .. app .. '\\n' .. channel
  local seat = redis.call('HGET', members, user)
  if not seat then return { 'absent', 0, 0 } end
  local nodes, info = string.match(seat, '^(%d+) (.*)$')
  if tonumber(nodes) > 1 then
    redis.call('HSET', members, user, (tonumber(nodes) - 1) .. ' ' .. info)
    return { 'present', 0, 0 }
  end
  redis.call('HDEL', members, user)
  local before, number = changed(app, channel, members, '-', user, nil)
  if redis.call('HLEN', members) <= 1 then redis.call('DEL', members)
  else redis.call('HSET', members, '', number) end
  if tells == '1' then redis.call('ZADD', P .. 'gone', now + grace, 'm\\n' .. app .. '\\n' .. channel .. '\\n' .. user) end
  return { 'removed', before, number }
end
local function count(app, channel, delta, flags)
  local totals = P .. 'total:' .. app
  local total = redis.call('HINCRBY', totals, channel, delta)
  local before = total - delta
  local news = 'same'
  if total <= 0 then
    redis.call('HDEL', totals, channel)
    redis.call('DEL', P .. 'missed:' .. app .. '\\n' .. channel)
    if before > 0 then
      news = 'vacated'
      if string.find(flags, 'v') then redis.call('ZADD', P .. 'gone', now + grace, 'v\\n' .. app .. '\\n' .. channel) end
    end
  elseif before <= 0 then
    news = redis.call('ZREM', P .. 'gone', 'v\\n' .. app .. '\\n' .. channel) == 1 and 'returned' or 'occupied'
  end
  local number = 0
  if delta ~= 0 and string.find(flags, 'a') then
    number = announce({ t = 'n', a = app, c = channel, n = math.max(0, total) })
  end
  return { news, math.max(0, total), number }
end
`

/**
 * Changes what an incarnation holds, in order. ARGV P, incarnation, generation, grace ms, PUBLISH or
 * SPUBLISH, how many operations, then these, six each:
 *
 * - `E`, app, channel, user, `user_info`, most members (0: any number)
 * - `X`, app, channel, user, '1' when its going is told, ''
 * - `C`, app, channel, '', number of subscriptions, flags: `v` vacating is told, `a` changes are announced
 * - `S`, app, channel, '', '', ''
 *
 * @returns `{ 'gen' }` or `{ 'lease' }` when nothing was done, else for each operation:
 *   E `added`, `returned`, `present`, `again` or `full`, number before, number;
 *   X `removed`, `present` or `absent`, number before, number;
 *   C `occupied`, `returned`, `vacated` or `same`, total, number;
 *   S the members as HGETALL gives them
 */
export const APPLY = `${HEAD}
local inc, gen, grace, send, operations = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
if redis.call('GET', P .. 'gen') ~= gen then return { 'gen' } end
local lease = redis.call('ZSCORE', P .. 'nodes', inc)
if not lease or tonumber(lease) <= now then return { 'lease' } end
local own = P .. 'own:' .. inc
${CHANGES}
local function enter(app, channel, user, info, most)
  local members = P .. 'members:' .. app .. '\\n' .. channel
  local field = 'p\\n' .. app .. '\\n' .. channel .. '\\n' .. user
  if redis.call('HEXISTS', own, field) == 1 then return { 'again', 0, 0 } end
  local seat = redis.call('HGET', members, user)
  if seat then
    local nodes, first = string.match(seat, '^(%d+) (.*)$')
    redis.call('HSET', members, user, (tonumber(nodes) + 1) .. ' ' .. first)
    redis.call('HSET', own, field, '1')
    return { 'present', 0, 0 }
  end
  if most > 0 and redis.call('HLEN', members) > most then return { 'full', 0, 0 } end
  local before, number = changed(app, channel, members, '+', user, info)
  redis.call('HSET', members, user, '1 ' .. info, '', number)
  redis.call('HSET', own, field, '1')
  local back = redis.call('ZREM', P .. 'gone', 'm\\n' .. app .. '\\n' .. channel .. '\\n' .. user)
  return { back == 1 and 'returned' or 'added', before, number }
end
local answers = {}
for i = 0, operations - 1 do
  local at = 7 + i * 6
  local kind, app, channel, user, value, more =
    ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  if kind == 'E' then
    answers[#answers + 1] = enter(app, channel, user, value, tonumber(more))
  elseif kind == 'X' then
    if redis.call('HDEL', own, 'p\\n' .. app .. '\\n' .. channel .. '\\n' .. user) == 0 then
      answers[#answers + 1] = { 'absent', 0, 0 }
    else
      answers[#answers + 1] = leave(app, channel, user, value)
    end
  elseif kind == 'C' then
    local field = 'c\\n' .. app .. '\\n' .. channel
    local delta = tonumber(value) - tonumber(redis.call('HGET', own, field) or '0')
    if value == '0' then redis.call('HDEL', own, field) else redis.call('HSET', own, field, value) end
    answers[#answers + 1] = count(app, channel, delta, more)
  else
    answers[#answers + 1] = redis.call('HGETALL', P .. 'members:' .. app .. '\\n' .. channel)
  end
end
flush(string.match(inc, '^[^-]*'))
return answers`

/**
 * Begins an incarnation. What the one before it holds, or held and nobody has taken away yet, is its
 * own from now on, and what that one asked for and Redis has still to do is not done any more. ARGV P,
 * incarnation, lease ms, a generation where there is none, what the incarnation says of itself, the
 * one before it or ''.
 * @returns the generation, and 1 when the lease of the one before it held
 */
export const BEGIN = `${HEAD}
redis.call('SET', P .. 'gen', ARGV[4], 'NX')
local inc, before = ARGV[2], ARGV[6]
local lease = redis.call('ZSCORE', P .. 'nodes', before)
if before ~= '' and before ~= inc then
  if redis.call('EXISTS', P .. 'own:' .. before) == 1 then redis.call('RENAME', P .. 'own:' .. before, P .. 'own:' .. inc) end
  redis.call('ZREM', P .. 'nodes', before)
  redis.call('HDEL', P .. 'names', before)
  redis.call('HDEL', P .. 'delays', before)
end
redis.call('ZADD', P .. 'nodes', now + tonumber(ARGV[3]), inc)
redis.call('HSET', P .. 'names', inc, ARGV[5])
return { redis.call('GET', P .. 'gen'), lease and tonumber(lease) > now and 1 or 0 }`

/**
 * Renews a lease that has not ended. ARGV P, incarnation, generation, lease ms, how late its event loop
 * is in ms.
 * @returns `gen`, `lease` or `ok`; how many entries it has; how many leases hold; how much is to be
 *   told of who has gone; incarnations whose lease has ended, at most ten; how late the latest of the others is
 */
export const RENEW = `${HEAD}
local own = redis.call('HLEN', P .. 'own:' .. ARGV[2])
local holding = redis.call('ZCOUNT', P .. 'nodes', '(' .. now, '+inf')
local due = redis.call('ZCOUNT', P .. 'gone', '-inf', now)
local ended = redis.call('ZRANGEBYSCORE', P .. 'nodes', '-inf', now, 'LIMIT', 0, 10)
local lease = redis.call('ZSCORE', P .. 'nodes', ARGV[2])
local answer = 'ok'
if redis.call('GET', P .. 'gen') ~= ARGV[3] then answer = 'gen'
elseif not lease or tonumber(lease) <= now then answer = 'lease'
else
  redis.call('ZADD', P .. 'nodes', now + tonumber(ARGV[4]), ARGV[2])
  redis.call('HSET', P .. 'delays', ARGV[2], ARGV[5])
end
local latest = 0
local delays = redis.call('HGETALL', P .. 'delays')
for i = 1, #delays, 2 do
  if delays[i] ~= ARGV[2] then latest = math.max(latest, tonumber(delays[i + 1]) or 0) end
end
return { answer, own, holding, due, ended, latest }`

/** Some of what an incarnation holds. ARGV P, incarnation, where HSCAN goes on, about so many. @returns as HSCAN does */
export const ENTRIES = `return redis.call('HSCAN', ARGV[1] .. 'own:' .. ARGV[2], ARGV[3], 'COUNT', ARGV[4])`

/** Lets a lease end in so many milliseconds, unless it ends sooner; nobody asks it any more. ARGV P, incarnation, ms. */
export const RETIRE = `${HEAD}
local lease = redis.call('ZSCORE', P .. 'nodes', ARGV[2])
if not lease then return 0 end
redis.call('HDEL', P .. 'names', ARGV[2])
return redis.call('ZADD', P .. 'nodes', math.min(tonumber(lease), now + tonumber(ARGV[3])), ARGV[2])`

/**
 * Takes away what an incarnation left whose lease has ended, some of it at a time. Whoever removes
 * decides, so two who do it at once are harmless. It is announced in nobody's name, for all to hear.
 * ARGV P, incarnation, grace ms, PUBLISH or SPUBLISH, at most so many.
 * @returns how many entries are left
 */
export const REAP = `${HEAD}
local dead, grace, send, most = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local own = P .. 'own:' .. dead
local lease = redis.call('ZSCORE', P .. 'nodes', dead)
if lease and tonumber(lease) > now then return 0 end
${CHANGES}
local found = redis.call('HSCAN', own, '0', 'COUNT', most)[2]
for i = 1, math.min(#found, 2 * most), 2 do
  local field = found[i]
  redis.call('HDEL', own, field)
  local kind, app, rest = string.match(field, '^(.)\\n([^\\n]*)\\n(.*)$')
  if kind == 'c' then
    count(app, rest, -tonumber(found[i + 1]), 'va')
  else
    local channel, user = string.match(rest, '^([^\\n]*)\\n(.*)$')
    leave(app, channel, user, '1')
  end
end
flush('')
local left = redis.call('HLEN', own)
if left == 0 then
  redis.call('ZREM', P .. 'nodes', dead)
  redis.call('HDEL', P .. 'names', dead)
  redis.call('HDEL', P .. 'delays', dead)
end
return left`

/** Takes what is to be told by now of who has gone. ARGV P, at most so many. @returns as \`gone\` holds it */
export const TAKE_GONE = `${HEAD}
local due = redis.call('ZRANGEBYSCORE', P .. 'gone', '-inf', now, 'LIMIT', 0, tonumber(ARGV[2]))
if #due > 0 then redis.call('ZREM', P .. 'gone', unpack(due)) end
return due`

/**
 * The last event of a cache channel. ARGV P, app, channel, how long its absence is told only once in ms.
 * @returns the event, milliseconds it has left, 1 when it is absent and that was not told before
 */
export const RECALL = `
local channel = ARGV[2] .. '\\n' .. ARGV[3]
local event = redis.call('GET', ARGV[1] .. 'cache:' .. channel)
if event then return { event, redis.call('PTTL', ARGV[1] .. 'cache:' .. channel), 0 } end
local told = 0
if ARGV[4] ~= '0' and redis.call('SET', ARGV[1] .. 'missed:' .. channel, '1', 'NX', 'PX', ARGV[4]) then told = 1 end
return { '', 0, told }`

/** Keeps the last event of a cache channel. ARGV P, app, channel, event, ms. */
export const REMEMBER = `
local channel = ARGV[2] .. '\\n' .. ARGV[3]
redis.call('DEL', ARGV[1] .. 'missed:' .. channel)
redis.call('SET', ARGV[1] .. 'cache:' .. channel, ARGV[4], 'PX', ARGV[5])
return 1`

/**
 * Who of some users is in a channel. ARGV P, app, channel, users.
 * @returns the number of the last change of all, then 1 or 0 for each
 */
export const WHO = `
local answer = { tonumber(redis.call('GET', ARGV[1] .. 'seq') or '0') }
local members = ARGV[1] .. 'members:' .. ARGV[2] .. '\\n' .. ARGV[3]
for i = 4, #ARGV do answer[#answer + 1] = redis.call('HEXISTS', members, ARGV[i]) end
return answer`

/** The numbers of the last changes. ARGV P, then channels as \`app\\nchannel\`. */
export const OFFSETS = `
local answer = {}
for i = 2, #ARGV do
  answer[#answer + 1] = tonumber(redis.call('HGET', ARGV[1] .. 'members:' .. ARGV[i], '') or '0')
end
return answer`

/**
 * Claims a name for whoever asks first. ARGV P, app, name, ms.
 * @returns what was kept under it, '' while that is not there yet, false for the first
 */
export const CLAIM = `
local key = ARGV[1] .. 'once:' .. ARGV[2] .. '\\n' .. ARGV[3]
if redis.call('SET', key, '', 'NX', 'PX', ARGV[4]) then return false end
return redis.call('GET', key) or ''`

/** Keeps something under a name that was claimed, or gives the name back for ''. ARGV P, app, name, text, ms. */
export const SETTLE = `
local key = ARGV[1] .. 'once:' .. ARGV[2] .. '\\n' .. ARGV[3]
if ARGV[4] == '' then return redis.call('DEL', key) end
redis.call('SET', key, ARGV[4], 'PX', ARGV[5])
return 1`

/** How many users are in channels. ARGV P, app, channels. */
export const USER_COUNTS = `
local answer = {}
for i = 3, #ARGV do
  local fields = redis.call('HLEN', ARGV[1] .. 'members:' .. ARGV[2] .. '\\n' .. ARGV[i])
  answer[#answer + 1] = math.max(0, fields - 1)
end
return answer`

/** Incarnations whose lease holds and what they say of themselves, in turn; none that is about to end. ARGV P. */
export const NAMES = `${HEAD}
local answer = {}
for _, inc in ipairs(redis.call('ZRANGEBYSCORE', P .. 'nodes', '(' .. now, '+inf')) do
  local about = redis.call('HGET', P .. 'names', inc)
  if about then
    answer[#answer + 1] = inc
    answer[#answer + 1] = about
  end
end
return answer`

/** Answers a question of another node. ARGV P, the question's id, the answer, how long it is kept in ms. */
export const ANSWER = `
local key = ARGV[1] .. 'answers:' .. ARGV[2]
redis.call('RPUSH', key, ARGV[3])
return redis.call('PEXPIRE', key, ARGV[4])`

/** Takes the answers that have come to a question, at most so many. ARGV P, the question's id, how many. */
export const TAKE_ANSWERS = `
local key = ARGV[1] .. 'answers:' .. ARGV[2]
local answers = redis.call('LRANGE', key, 0, ARGV[3] - 1)
if #answers > 0 then redis.call('LTRIM', key, #answers, -1) end
return answers`

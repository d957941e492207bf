/**
 * What happens to an endpoint's queue in Redis, each as one script: all of it happens, or nothing.
 *
 * Keys, all of one app in one slot of a cluster:
 *
 *   queue    list of entries, the oldest first: `{events} {time} {queuedAt} {text}`
 *   lease    token of the node that delivers; gone when that node is
 *   taken    `{entries}:{token}` of the batch that is being delivered: what it holds stays the same,
 *            and only who took it last may settle it
 *   waiting  hash of `events` and `bytes` in the queue
 *   pushed   per node: number of its last push, so that one that was repeated happens once
 *   failures list of JSON, the newest first; `failureBytes` is its size
 */

/** Nobody reads the queue of an endpoint that left every configuration: it expires. */
const KEPT_MILLISECONDS = 7 * 24 * 3600 * 1000
/** Longer than a command of a dead connection can still arrive. */
const PUSH_KNOWN_MILLISECONDS = 3600 * 1000

const APPEND = `
local function append(queue, waiting, entry)
  local events = tonumber(string.match(entry, '^%d+'))
  redis.call('RPUSH', queue, entry)
  redis.call('HINCRBY', waiting, 'events', events)
  redis.call('HINCRBY', waiting, 'bytes', #entry)
  redis.call('PEXPIRE', queue, ${KEPT_MILLISECONDS})
  redis.call('PEXPIRE', waiting, ${KEPT_MILLISECONDS})
end`

const REMOVE = `
local function remove(queue, waiting, taken, token)
  local entries, owner = string.match(redis.call('GET', taken) or '', '^(%d+):(.*)$')
  if owner ~= token then return 0 end
  for _ = 1, tonumber(entries) do
    local entry = redis.call('LPOP', queue)
    if entry then
      redis.call('HINCRBY', waiting, 'events', -tonumber(string.match(entry, '^%d+')))
      redis.call('HINCRBY', waiting, 'bytes', -#entry)
    end
  end
  redis.call('DEL', taken)
  return 1
end`

/** The token may have it without knowing: the answer to a command can be lost. */
const LEASE = `
local function lease(key)
  if redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
  return redis.call('GET', key) == ARGV[1] and 1 or 0
end`

/**
 * KEYS queue lease waiting pushed · ARGV token, lease ms, most bytes, push number, entries…
 * @returns events there was no room for; 1 when the lease is the token's
 */
export const PUSH = `${APPEND}${LEASE}
local dropped = 0
if tonumber(redis.call('GET', KEYS[4]) or '0') < tonumber(ARGV[4]) then
  for i = 5, #ARGV do
    local bytes = tonumber(redis.call('HGET', KEYS[3], 'bytes') or '0')
    if bytes + #ARGV[i] > tonumber(ARGV[3]) then
      dropped = dropped + tonumber(string.match(ARGV[i], '^%d+'))
    else
      append(KEYS[1], KEYS[3], ARGV[i])
    end
  end
  redis.call('SET', KEYS[4], ARGV[4], 'PX', ${PUSH_KNOWN_MILLISECONDS})
end
return { dropped, lease(KEYS[2]) }`

/**
 * KEYS queue lease waiting taken · ARGV token, lease ms, most events, most bytes
 * @returns the entries of the batch; none when the queue is empty, and the lease is given back;
 *   nil when the lease is another's
 */
export const TAKE = `
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return nil end
local entries = tonumber(string.match(redis.call('GET', KEYS[4]) or '0', '^%d+'))
if entries == 0 then
  local events, bytes = 0, 0
  while true do
    local entry = redis.call('LINDEX', KEYS[1], entries)
    if not entry then break end
    events = events + tonumber(string.match(entry, '^%d+'))
    bytes = bytes + #entry
    if entries > 0 and (events > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4])) then break end
    entries = entries + 1
  end
end
local batch = entries > 0 and redis.call('LRANGE', KEYS[1], 0, entries - 1) or {}
if #batch == 0 then
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
  return batch
end
redis.call('SET', KEYS[4], #batch .. ':' .. ARGV[1], 'PX', ${KEPT_MILLISECONDS})
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return batch`

/** KEYS queue waiting taken · ARGV token · @returns 0 when the batch is not the token's to settle */
export const DELIVERED = `${REMOVE}
return remove(KEYS[1], KEYS[2], KEYS[3], ARGV[1])`

/** KEYS queue waiting taken failures failureBytes · ARGV token, failure, most kept, most bytes kept */
export const GIVE_UP = `${REMOVE}
if remove(KEYS[1], KEYS[2], KEYS[3], ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[4], ARGV[2])
local bytes = redis.call('INCRBY', KEYS[5], #ARGV[2])
while redis.call('LLEN', KEYS[4]) > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) do
  local oldest = redis.call('RPOP', KEYS[4])
  if not oldest then break end
  bytes = redis.call('DECRBY', KEYS[5], #oldest)
end
return 1`

/**
 * KEYS queue lease waiting failures failureBytes · ARGV token, lease ms, failure, entry
 * @returns 1 when the failure was still there; 1 when the lease is the token's
 */
export const REPLAY = `${APPEND}${LEASE}
if redis.call('LREM', KEYS[4], 1, ARGV[3]) == 0 then return { 0, 0 } end
redis.call('DECRBY', KEYS[5], #ARGV[3])
append(KEYS[1], KEYS[3], ARGV[4])
return { 1, lease(KEYS[2]) }`

/**
 * KEYS queue lease waiting, of each endpoint of an app · ARGV token, lease ms
 * @returns of each, how many events wait; 1 when there is work and the lease is the token's
 */
export const SWEEP = `${LEASE}
local found = {}
for i = 1, #KEYS, 3 do
  local events = tonumber(redis.call('HGET', KEYS[i + 2], 'events') or '0')
  found[#found + 1] = { events, redis.call('EXISTS', KEYS[i]) == 1 and lease(KEYS[i + 1]) or 0 }
end
return found`

/** KEYS lease · ARGV token, lease ms */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

/** KEYS lease · ARGV token */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

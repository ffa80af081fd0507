/**
 * What the members of a fleet do in Redis. Each script is one step among all of them, and every time is Redis' own, so
 * that no clock of a member matters. What the keys hold:
 *
 *     doc     hash        the shared state: body (JSON), its version (epoch, rev, id), prov = made up by a fresh fleet
 *     mem     hash        member -> its last report; the first character says how far it is to be believed
 *     lease   sorted set  member -> when its lease ends, in ms
 *     roster  sorted set  member -> the number of its joining
 *     left    sorted set  who left properly or was forgotten -> the number of that; the last 10,000
 *     was     hash        of those: the number that they had joined with
 *     reg     hash        server = the process that it was on last, born = since when it has been on that one,
 *                         seq = last number given, sum = checksum of the roster
 *     hist    list        the last 100 changes, each with the id of the version that it made, or - for none
 */
import { createHash } from 'node:crypto'

export interface Script {
  readonly text: string
  readonly sha: string
}

export const KEY_NAMES = ['doc', 'mem', 'lease', 'roster', 'left', 'was', 'reg', 'hist'] as const

/** The names of a fleet's keys. The braces put them into one hash slot of a cluster. */
export function keysOf(fleet: string): string[] {
  return KEY_NAMES.map((name) => `im:{${fleet}}:${name}`)
}

/** Where hints are published. */
export function channelOf(fleet: string): string {
  return `im:{${fleet}}:ch`
}

/** Marks in front of a report. */
export const REPORT = {
  /** At that moment the registry knew every member that the reporter knew. */
  believed: '+',
  /** It had just lost some, and they had been put back. */
  doubted: '-',
  /** Put there by others, who knew a member that the registry had lost. */
  tombstone: '!'
} as const

// A checksum is the sum of the random parts of all names, modulo 2^52, so that Lua's numbers hold it exactly.
const PRELUDE = `
local DOC, MEM, LEASE, ROSTER, LEFT, WAS, REG, HIST =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local call, MODULUS, KEPT = redis.call, 4503599627370496, 10000
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
-- What a server lost, it lost by ending, or because another one took its place: so it counts since when it is this one.
local function bornAt(moment)
  local server = string.match(call('INFO', 'server'), 'run_id:(%x+)') or ''
  if call('HGET', REG, 'server') ~= server then
    call('HSET', REG, 'server', server, 'born', string.format('%.0f', moment))
  end
  return call('HGET', REG, 'born')
end
local function whole(number) return string.format('%.0f', number) end
local function randomPart(id) return tonumber(string.sub(id, -13), 16) or 0 end
-- Where nobody may publish, beats do.
local function hint(channel, what) redis.pcall('PUBLISH', channel, what) end
local function nextNumber() return call('HINCRBY', REG, 'seq', 1) end
local function addToSum(number)
  local sum = tonumber(call('HGET', REG, 'sum')) or 0
  call('HSET', REG, 'sum', whole((sum + number) % MODULUS))
end
local function join(id)
  call('ZADD', ROSTER, nextNumber(), id)
  addToSum(randomPart(id))
end
local function leave(id)
  if call('ZSCORE', LEFT, id) then return end
  local joined = call('ZSCORE', ROSTER, id)
  local number = nextNumber()
  if joined then
    call('ZREM', ROSTER, id)
    addToSum(-randomPart(id))
  end
  call('HDEL', MEM, id)
  call('ZREM', LEASE, id)
  call('ZADD', LEFT, number, id)
  call('HSET', WAS, id, joined or whole(number))
  local surplus = call('ZCARD', LEFT) - KEPT
  if surplus > 0 then
    for _, old in ipairs(call('ZRANGE', LEFT, 0, surplus - 1)) do call('HDEL', WAS, old) end
    call('ZREMRANGEBYRANK', LEFT, 0, surplus - 1)
  end
end
local function record(id, change)
  call('LPUSH', HIST, id .. ' ' .. change)
  call('LTRIM', HIST, 0, 99)
end
-- Whether a document that a member holds counts more than the one here.
local function isBehind(epoch, rev, prov)
  local doc = call('HMGET', DOC, 'epoch', 'rev', 'prov')
  if not doc[1] or (doc[3] == '1' and prov == '0') then return true end
  return doc[1] == epoch and (tonumber(doc[2]) or math.huge) < tonumber(rev)
end
local function versionOf(doc) return doc[1] and (doc[1] .. ':' .. (doc[2] or '') .. ':' .. (doc[3] or '')) or '' end
-- The body only for who has another version, and only when it is not absurdly large.
local function document(seen, largest)
  local doc = call('HMGET', DOC, 'epoch', 'rev', 'id', 'prov', 'cut')
  local version, body = versionOf(doc), false
  local size = call('HSTRLEN', DOC, 'body')
  if version ~= seen and size <= tonumber(largest) then body = call('HGET', DOC, 'body') end
  return { version, doc[4] or '', doc[5] or '', size, body }
end
`

/**
 * A beat counts only where nothing is lost that the caller knows: who has come lately can rely on it. Else the answer says
 * what there is, and the caller puts back the rest first.
 *
 * ARGV: id, lease ms, report, version seen, number and sum of the own roster, how many are missing, epoch, rev and prov
 * of the document held or nothing, largest body.
 */
export const BEAT = script(`
local id, lease, report, seen, number, sum = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local moment = now()
local born = bornAt(moment)
local isMember = call('ZSCORE', ROSTER, id)
local gone = call('ZRANGEBYSCORE', LEFT, '(' .. whole(number), '+inf')
if not isMember then
  for _, other in ipairs(gone) do
    if other == id then return { 'forgotten' } end
  end
end
-- Is everybody here, whom the caller knew when it had seen everything up to its number?
local came = call('ZRANGEBYSCORE', ROSTER, '(' .. whole(number), '+inf')
local before = tonumber(call('HGET', REG, 'sum')) or 0
for _, other in ipairs(came) do before = (before - randomPart(other)) % MODULUS end
for _, other in ipairs(gone) do
  if (tonumber(call('HGET', WAS, other)) or number + 1) <= number then before = (before + randomPart(other)) % MODULUS end
end
local intact = before == sum
if not intact then
  came = call('ZRANGE', ROSTER, 0, -1)
  gone = call('ZRANGE', LEFT, 0, -1)
end
local counts = intact and not (ARGV[8] ~= '' and isBehind(ARGV[8], ARGV[9], ARGV[10]))
if counts then
  if not isMember then
    join(id)
    table.insert(came, id)
  end
  call('HSET', MEM, id, (ARGV[7] == '0' and '+' or '-') .. report)
  call('ZADD', LEASE, whole(moment + lease), id)
end
-- For who has just joined: the one who has not beaten for longest, of those that may be alive, and the last one who has.
local longest, last = '', ''
local recent = call('ZRANGEBYSCORE', LEASE, whole(moment - 60000), '+inf', 'WITHSCORES', 'LIMIT', 0, 2)
for i = 3, 1, -2 do if recent[i] and recent[i] ~= id then longest = recent[i + 1] end end
local latest = call('ZREVRANGE', LEASE, 0, 1, 'WITHSCORES')
for i = 3, 1, -2 do if latest[i] and latest[i] ~= id then last = latest[i + 1] end end
return {
  'ok', whole(moment), born, counts and 1 or 0, document(seen, ARGV[11]),
  intact and 1 or 0, tonumber(call('HGET', REG, 'seq')) or 0, came, gone,
  math.max(0, call('ZCARD', ROSTER) - 1), longest, last
}
`)

/** ARGV: version expected, epoch, rev, id, body, change or nothing, time, channel. */
export const SET = script(`
local id, change = ARGV[4], ARGV[6]
local doc = call('HMGET', DOC, 'epoch', 'rev', 'id')
-- Asked again, because the answer had been lost.
if doc[3] == id then return { 'ok' } end
if versionOf(doc) ~= ARGV[1] then
  for _, line in ipairs(call('LRANGE', HIST, 0, -1)) do
    if string.sub(line, 1, #id + 1) == id .. ' ' then return { 'ok' } end
  end
  return { 'conflict', doc[2] or '' }
end
call('HSET', DOC, 'epoch', ARGV[2], 'rev', ARGV[3], 'id', id, 'prov', '0', 'body', ARGV[5], 'at', ARGV[7])
call('HDEL', DOC, 'cut')
if change ~= '' then record(id, change) end
hint(ARGV[8], 'rev')
return { 'ok' }
`)

/** ARGV: epoch, rev, id, prov, body, time, channel. */
export const RESTORE = script(`
if not isBehind(ARGV[1], ARGV[2], ARGV[4]) then return 0 end
call('DEL', DOC)
call('HSET', DOC, 'epoch', ARGV[1], 'rev', ARGV[2], 'id', ARGV[3], 'prov', ARGV[4], 'body', ARGV[5], 'at', ARGV[6])
hint(ARGV[7], 'rev')
return 1
`)

/** ARGV: members that the registry has lost. Until now they may have been there: who has come lately waits for them. */
export const TOMB = script(`
local moment = now()
for _, id in ipairs(ARGV) do
  if not call('ZSCORE', ROSTER, id) and not call('ZSCORE', LEFT, id) then
    join(id)
    call('HSET', MEM, id, '!')
    call('ZADD', LEASE, 'NX', whole(moment), id)
  end
end
return 1
`)

/** ARGV: members that have ended properly. */
export const BYE = script(`
for _, id in ipairs(ARGV) do leave(id) end
return 1
`)

/** ARGV: a member that somebody knows to be dead, change, channel. */
export const FORGET = script(`
if not call('ZSCORE', ROSTER, ARGV[1]) then return 0 end
leave(ARGV[1])
-- It makes no version.
record('-', ARGV[2])
hint(ARGV[3], 'roster')
return 1
`)

/** ARGV: version expected, what to cut, channel. */
export const CUT = script(`
local doc = call('HMGET', DOC, 'epoch', 'rev', 'id')
if versionOf(doc) ~= ARGV[1] then return 0 end
call('HSET', DOC, 'cut', ARGV[2])
hint(ARGV[3], 'cut')
return 1
`)

/** ARGV: version seen, largest body. */
export const VIEW = script(`
local moment = now()
return {
  whole(moment), bornAt(moment), document(ARGV[1], ARGV[2]),
  call('HGETALL', MEM), call('ZRANGE', LEASE, 0, -1, 'WITHSCORES'), call('ZRANGE', ROSTER, 0, -1)
}
`)

export const HISTORY = script(`
return call('LRANGE', HIST, 0, 99)
`)

function script(body: string): Script {
  const text = PRELUDE + body
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

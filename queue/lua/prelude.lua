-- Every script of the queue continues with this file after clock.lua: keys, counters and accounts. states.lua follows.
--
-- returns  {'EPOCH'} when the pool has no epoch or another one; otherwise what the script itself returns
--
-- The keys of the queue contain the epoch. So a new epoch starts on empty keys, whatever an old one has left.
local root = call('HMGET', KEYS[1], 'epoch', 'paused', 'run', 'damaged')
local epoch, anyPause, serverRunAtStart, damaged = root[1], root[2], root[3], root[4]
if not epoch or (ARGV[1] ~= '' and ARGV[1] ~= epoch) then return {'EPOCH'} end

local epochBase = base .. 'e:' .. epoch .. ':'
local eventsKey = base .. 'events'
local countersKey, serversKey, idleServersKey = epochBase .. 'counters', epochBase .. 'servers', epochBase .. 'idle'
local leaseKey, delayKey, endedKey = epochBase .. 'lease', epochBase .. 'delay', epochBase .. 'ended'
local reservesKey, refsKey, inputsKey = epochBase .. 'reserves', epochBase .. 'refs', epochBase .. 'inputs'
local jobsKey = epochBase .. 'jobs' -- all jobs that have not ended -> seq
local function jobKey(id) return epochBase .. 'job:' .. id end
local function payloadKey(id) return epochBase .. 'payload:' .. id end
local pausesKey, passedOverKey = base .. 'pauses', epochBase .. 'passedover'
local needsKey = epochBase .. 'needs' -- lane: "jobs hashes", of lanes whose jobs need more than the model
local function inputKey(sha) return epochBase .. 'input:' .. sha end
local addonSetsKey = epochBase .. 'addons'                                                        -- digest: last use
local function addonSetKey(digest) return epochBase .. 'addons:' .. digest end                    -- hash: 1
local function ableKey(digest) return epochBase .. 'able:' .. digest end -- hash: 1 or 0, by lane, whether the set has all
local headsKey = epochBase .. 'heads' -- lane with needs: start tag of its next server
local function laneKey(lane) return epochBase .. 'lane:' .. lane end                               -- server: start tag
local function readyKey(lane, s) return epochBase .. 'ready:' .. lane .. '/' .. s end              -- user: start tag
local function flowKey(lane, s, u) return epochBase .. 'flow:' .. lane .. '/' .. s .. '/' .. u end -- job: seq
local function usersKey(s) return epochBase .. 'users:' .. s end                                   -- user: record
local function idleUsersKey(s) return epochBase .. 'idle:' .. s end                                -- user: start tag

-- An account that could not be served for a while (no renderer for its lane, at its limit) catches up by at most this.
local maxCatchUp = 60000 -- milliseconds

-- damage notes that a key is lost, which a server that evicts keys can do at any time. Nothing is leased any more until
-- the next epoch begins.
local function damage(lost)
  damaged = lost
  call('HSET', KEYS[1], 'damaged', lost)
end

-- paused costs one hash lookup, and none while nothing is paused.
local function paused(scope) return anyPause and call('HEXISTS', pausesKey, scope) == 1 end

-- baseOf returns the lane without what its jobs need beside the model: "version:model" of "version:model:needs". Names
-- are escaped in Redis, so a colon is %3A.
local function baseOf(lane) return string.match(lane, '^(.-%%3A.-)%%3A') or lane end

-- A script reads the counters at most once. counterWrite writes those that changed.
local counters, changed = nil, {}
local function counterGet(field)
  if not counters then
    counters = {}
    local all = call('HGETALL', countersKey)
    for i = 1, #all, 2 do counters[all[i]] = tonumber(all[i + 1]) end
    if #all == 0 and call('EXISTS', jobsKey) == 1 then damage('counters') end
  end
  return counters[field] or 0
end
local function counterSet(field, n)
  if counterGet(field) ~= n then counters[field], changed[field] = n, true end
end
local function counterAdd(field, n)
  counterSet(field, counterGet(field) + n)
  return counters[field]
end
local function counterWrite()
  local words = {}
  for field in pairs(changed) do words[#words + 1], words[#words + 2] = field, num(counters[field]) end
  if #words > 0 then call('HSET', countersKey, unpack(words)) end
  changed = {}
end

local function emit(kind, id, ...)
  call('XADD', eventsKey, 'MAXLEN', '~', ARGV[3], '*', 'kind', kind, 'job', id, ...)
end

-- Accounts. A record is one field: "startTag virtualTime waiting running maxRunning lanes", numbers and a comma list.
-- startTag is that of the account's next job. virtualTime (servers only) is the start tag of a newcomer among its
-- users. An account in memory also knows what the indexes hold (indexed: lane -> start tag; idle), so only changes are
-- written.
local function unpackAccount(name, text)
  local a = {
    name = name, startTag = 0, virtualTime = 0, waiting = 0, running = 0, maxRunning = 0,
    lanes = {}, indexed = {}, idle = false
  }
  if not text then return a end
  local tag, virtual, w, r, m, lanes = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S*)$')
  a.startTag, a.virtualTime = tonumber(tag), tonumber(virtual)
  a.waiting, a.running, a.maxRunning = tonumber(w), tonumber(r), tonumber(m)
  for lane in string.gmatch(lanes, '[^,]+') do a.lanes[lane], a.indexed[lane] = true, a.startTag end
  a.idle = a.waiting == 0 and a.running == 0
  return a
end

local function packAccount(a)
  local lanes = {}
  for lane in pairs(a.lanes) do lanes[#lanes + 1] = lane end
  table.sort(lanes)
  return num(a.startTag) .. ' ' .. num(a.virtualTime) .. ' ' .. num(a.waiting) .. ' ' .. num(a.running) .. ' '
    .. num(a.maxRunning) .. ' ' .. table.concat(lanes, ',')
end

local function server(s) return unpackAccount(s, call('HGET', serversKey, s)) end
local function user(s, u) return unpackAccount(u, call('HGET', usersKey(s), u)) end
local function busy(a) return a.waiting > 0 or a.running > 0 end

-- joinAtVirtualTime lets an idle account start at the virtual time, never earlier. The next account that joins starts
-- one millisecond later: of two equal newcomers the first is served first.
local function joinAtVirtualTime(S, U)
  if not busy(S) and S.startTag <= counterGet('virtualtime') then S.startTag = counterAdd('virtualtime', 1) - 1 end
  if not busy(U) and U.startTag <= S.virtualTime then S.virtualTime, U.startTag = S.virtualTime + 1, S.virtualTime end
end

-- startable: a user's running images stay within maxRunning. But one job alone may always run, however large it is.
local function startable(U, size)
  return U.maxRunning == 0 or U.running == 0 or U.running + size <= U.maxRunning
end

-- indexUser rebuilds the index of ready users after every change of a user. A user whose oldest job of a lane may not
-- start (blocked) is removed from that lane, so reserve never meets it. S.lanes[lane] is nil when the server has no job
-- to start there.
local function indexUser(S, U)
  for lane in pairs(U.lanes) do
    local ready = readyKey(lane, S.name)
    local head = call('ZRANGE', flowKey(lane, S.name, U.name), 0, 0)[1]
    if not head then U.lanes[lane] = nil end
    local free = U.maxRunning == 0 or U.running == 0
    if head and (free or startable(U, tonumber(call('HGET', jobKey(head), 'size')))) then
      call('ZADD', ready, num(U.startTag), U.name)
      S.lanes[lane] = true
    elseif call('ZREM', ready, U.name) == 1 or S.indexed[lane] then
      S.lanes[lane] = call('EXISTS', ready) == 1 or nil
    end
  end
end

-- indexHead notes the start tag of a lane's next server, for a lane with needs: there may be hundreds, and reserve reads
-- them all at once.
local function indexHead(lane)
  if baseOf(lane) == lane then return end
  local r = call('ZRANGE', laneKey(lane), 0, 0, 'WITHSCORES')
  if r[1] then call('ZADD', headsKey, r[2], lane) else call('ZREM', headsKey, lane) end
end

-- indexServer updates the lanes of a server. A paused server keeps its list of lanes and is indexed in none. With all,
-- it does not rely on what the indexes are known to hold.
local function indexServer(S, all)
  local stopped = paused('server:' .. S.name)
  for lane in pairs(S.indexed) do
    if not S.lanes[lane] or (stopped and all) then
      call('ZREM', laneKey(lane), S.name)
      indexHead(lane)
    end
    if not S.lanes[lane] then S.indexed[lane] = nil end
  end
  for lane in pairs(S.lanes) do
    local outdated = all or S.indexed[lane] ~= S.startTag
    if not stopped and outdated then
      call('ZADD', laneKey(lane), num(S.startTag), S.name)
      indexHead(lane)
    end
    S.indexed[lane] = S.startTag
  end
end

-- storeAccount keeps an idle account only while its start tag is ahead of the virtual time: after that a newcomer gets
-- the same.
local function storeAccount(records, idle, a, virtualTime)
  local resting = a.waiting == 0 and a.running == 0
  if resting and a.startTag <= virtualTime then
    call('HDEL', records, a.name)
    if a.idle then call('ZREM', idle, a.name) end
    a.idle = false
    return
  end
  call('HSET', records, a.name, packAccount(a))
  if resting then
    call('ZADD', idle, num(a.startTag), a.name)
  elseif a.idle then
    call('ZREM', idle, a.name)
  end
  a.idle = resting
end

-- countBusy counts the busy accounts of a hash, and deletes a few idle ones that the virtual time has reached.
local function countBusy(records, idle, virtualTime)
  local resting = call('ZCARD', idle)
  local n = call('HLEN', records) - resting
  if resting > 0 then
    for _, name in ipairs(call('ZRANGEBYSCORE', idle, '-inf', num(virtualTime), 'LIMIT', 0, 10)) do
      call('HDEL', records, name)
      call('ZREM', idle, name)
    end
  end
  return n
end

-- storeAccounts writes both accounts and updates every index.
local function storeAccounts(S, U)
  indexUser(S, U)
  storeAccount(usersKey(S.name), idleUsersKey(S.name), U, S.virtualTime)
  if not busy(S) then
    call('DEL', usersKey(S.name), idleUsersKey(S.name))
    S.virtualTime = 0
  end
  indexServer(S)
  storeAccount(serversKey, idleServersKey, S, counterGet('virtualtime'))
  if counterGet('waiting') == 0 and counterGet('running') == 0 then
    call('DEL', serversKey, idleServersKey, passedOverKey)
    counterSet('virtualtime', 0)
  end
  counterWrite()
end

-- count adds a job of a size to waiting (w) and running (r), or takes it away.
local function count(S, U, size, w, r)
  S.waiting, U.waiting = S.waiting + w, U.waiting + w
  S.running, U.running = S.running + r, U.running + r * size
  if S.waiting < 0 or S.running < 0 then damage('servers') end
  if U.waiting < 0 or U.running < 0 then damage('users:' .. S.name) end
  if w ~= 0 then counterAdd('waiting', w) end
  if r ~= 0 then counterAdd('running', r) end
end

-- weightedCost is what an account of a weight (in percent) pays for a number of milliseconds.
-- It is a whole number, so that a refund is exactly what was paid.
local function weightedCost(cost, weight) return math.floor(cost * 100 / weight) end

-- Start-time fair queueing: the next job of an account starts at its start tag, and the start tag grows by the job's
-- cost. advance returns the virtual time, at which newcomers start: a little after the least start tag of the accounts
-- that could have been served. The little is one share of the cost, divided among the n busy accounts and one newcomer.
-- So a newcomer goes before an account that was just served, and endless newcomers still block nobody.
-- Tried and dropped: a virtual time that gains one share at each lease, up to a minute ahead. It kept accounts more
-- exactly, but small servers then waited a minute behind one that floods.
local function advance(virtualTime, least, cost, n) return math.max(virtualTime, least + math.floor(cost / (n + 1))) end

-- charge makes both accounts pay for a job that starts. leastS and leastU are the least start tags of the servers, and
-- of this server's users, that could have been served; nil when nobody was chosen (reclaim).
local function charge(S, U, j, leastS, leastU)
  local costS, costU = weightedCost(j.cost, j.serverweight), weightedCost(j.cost, j.weight)
  local virtualTime = counterGet('virtualtime')
  S.startTag = math.max(S.startTag, virtualTime - maxCatchUp)
  U.startTag = math.max(U.startTag, S.virtualTime - maxCatchUp)
  if leastS then
    counterSet('virtualtime', advance(virtualTime, leastS, costS, countBusy(serversKey, idleServersKey, virtualTime)))
    local users = countBusy(usersKey(S.name), idleUsersKey(S.name), S.virtualTime)
    S.virtualTime = advance(S.virtualTime, leastU, costU, users)
  end
  S.startTag, U.startTag = S.startTag + costS, U.startTag + costU
end

-- settleCharge replaces the estimated cost by what the job really took.
local function settleCharge(S, U, j, actual)
  local cost = tonumber(j.cost)
  S.startTag = math.max(0, S.startTag + weightedCost(actual, j.serverweight) - weightedCost(cost, j.serverweight))
  U.startTag = math.max(0, U.startTag + weightedCost(actual, j.weight) - weightedCost(cost, j.weight))
end

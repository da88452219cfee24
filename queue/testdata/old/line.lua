-- What every script of the line begins with after clock.lua: keys, counters and accounts. moves.lua follows.
--
-- returns  {'EPOCH'} when the pool has no epoch or another one; otherwise what the script itself says
--
-- The keys of the line lie under the epoch: a new epoch begins on empty keys, whatever an old or rolled back one left.
local root = call('HMGET', KEYS[1], 'epoch', 'paused', 'run')
local epoch, anyPause, beganOn = root[1], root[2], root[3]
if not epoch or (ARGV[1] ~= '' and ARGV[1] ~= epoch) then return {'EPOCH'} end

local here = base .. 'e:' .. epoch .. ':'
local eventsKey = base .. 'events'
local lineKey, serversKey, idleServersKey = here .. 'line', here .. 'servers', here .. 'idle'
local leaseKey, delayKey, endedKey = here .. 'lease', here .. 'delay', here .. 'ended'
local memoKey, refsKey, lentKey = here .. 'memo', here .. 'refs', here .. 'lent'
local jobsKey = here .. 'jobs' -- all that have not ended -> seq
local function jobKey(id) return here .. 'job:' .. id end
local function payloadKey(id) return here .. 'payload:' .. id end
local pausesKey, passedKey = base .. 'pauses', here .. 'passed'
local function inputKey(sha) return here .. 'input:' .. sha end
local function laneKey(lane) return here .. 'lane:' .. lane end                                     -- server -> v
local function readyKey(lane, s) return here .. 'ready:' .. lane .. '/' .. s end                      -- user -> v
local function flowKey(lane, s, u) return here .. 'flow:' .. lane .. '/' .. s .. '/' .. u end         -- job -> seq
local function usersKey(s) return here .. 'users:' .. s end                                           -- user -> record
local function idleUsersKey(s) return here .. 'idle:' .. s end                                        -- user -> v

-- An account that could not be served for a while (no renderer for its lane, parked) may catch up by this much only.
local hoard = 60000 -- milliseconds

-- Paused is a question for one hash lookup, and for none while nothing is paused.
local function paused(scope) return anyPause and call('HEXISTS', pausesKey, scope) == 1 end

-- The line's counters are read at most once in a script, and written together by lineWrite.
local line, changed = nil, {}
local function lineGet(field)
  if not line then
    line = {}
    local all = call('HGETALL', lineKey)
    for i = 1, #all, 2 do line[all[i]] = tonumber(all[i + 1]) end
  end
  return line[field] or 0
end
local function lineSet(field, n)
  if lineGet(field) ~= n then line[field], changed[field] = n, true end
end
local function lineAdd(field, n)
  lineSet(field, lineGet(field) + n)
  return line[field]
end
local function lineWrite()
  local words = {}
  for field in pairs(changed) do words[#words + 1], words[#words + 2] = field, num(line[field]) end
  if #words > 0 then call('HSET', lineKey, unpack(words)) end
  changed = {}
end

local function tell(kind, id, ...)
  call('XADD', eventsKey, 'MAXLEN', '~', ARGV[3], '*', 'kind', kind, 'job', id, ...)
end

-- Accounts. A record is one field: "v V waiting running max lanes", numbers and a comma list.
-- v is the start tag of the account's next job; V (servers only) that of a newcomer among its users. Beside what the
-- record says, an account knows what the index says of it (stands: under which v, in which lanes; idle), so that only
-- what changes is written.
local function unpackAccount(name, text)
  local a = {name = name, v = 0, V = 0, waiting = 0, running = 0, max = 0, lanes = {}, stands = {}, idle = false}
  if not text then return a end
  local v, V, w, r, m, lanes = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S*)$')
  a.v, a.V, a.waiting, a.running, a.max = tonumber(v), tonumber(V), tonumber(w), tonumber(r), tonumber(m)
  for lane in string.gmatch(lanes, '[^,]+') do a.lanes[lane], a.stands[lane] = true, a.v end
  a.idle = a.waiting == 0 and a.running == 0
  return a
end

local function packAccount(a)
  local lanes = {}
  for lane in pairs(a.lanes) do lanes[#lanes + 1] = lane end
  table.sort(lanes)
  return num(a.v) .. ' ' .. num(a.V) .. ' ' .. num(a.waiting) .. ' ' .. num(a.running) .. ' ' .. num(a.max)
    .. ' ' .. table.concat(lanes, ',')
end

local function server(s) return unpackAccount(s, call('HGET', serversKey, s)) end
local function user(s, u) return unpackAccount(u, call('HGET', usersKey(s), u)) end
local function busy(a) return a.waiting > 0 or a.running > 0 end

-- wake lets an account that was idle start where the others are now, never before. The next one to wake starts a
-- millisecond behind it: of those who are owed the same, who came first is served first.
local function wake(S, U)
  if not busy(S) and S.v <= lineGet('V') then S.v = lineAdd('V', 1) - 1 end
  if not busy(U) and U.v <= S.V then S.V, U.v = S.V + 1, S.V end
end

-- startable: a user's running pictures stay within max, but one job alone may always run, however large.
local function startable(U, size)
  return U.max == 0 or U.running == 0 or U.running + size <= U.max
end

-- The index of ready users is derived anew from the truth after every change of a user: a flow whose head may not
-- start is taken out (parked), so reserve never meets it. S.lanes[lane] is nil when somebody has to look whether the
-- server still has a job to start there.
local function indexUser(S, U)
  for lane in pairs(U.lanes) do
    local ready = readyKey(lane, S.name)
    local head = call('ZRANGE', flowKey(lane, S.name, U.name), 0, 0)[1]
    if not head then U.lanes[lane] = nil end
    local free = U.max == 0 or U.running == 0
    if head and (free or startable(U, tonumber(call('HGET', jobKey(head), 'size')))) then
      call('ZADD', ready, num(U.v), U.name)
      S.lanes[lane] = true
    elseif call('ZREM', ready, U.name) == 1 or S.stands[lane] then
      S.lanes[lane] = call('EXISTS', ready) == 1 or nil
    end
  end
end

-- A paused server keeps its lanes in mind and stands in none. All: whatever it was thought to stand in.
local function indexServer(S, all)
  local stopped = paused('server:' .. S.name)
  for lane in pairs(S.stands) do
    if not S.lanes[lane] or (stopped and all) then call('ZREM', laneKey(lane), S.name) end
    if not S.lanes[lane] then S.stands[lane] = nil end
  end
  for lane in pairs(S.lanes) do
    if not stopped and (all or S.stands[lane] ~= S.v) then call('ZADD', laneKey(lane), num(S.v), S.name) end
    S.stands[lane] = S.v
  end
end

-- An idle account is kept only while its v is ahead of the others: else a newcomer is worth as much.
local function keep(records, idle, a, V)
  local resting = a.waiting == 0 and a.running == 0
  if resting and a.v <= V then
    call('HDEL', records, a.name)
    if a.idle then call('ZREM', idle, a.name) end
    a.idle = false
    return
  end
  call('HSET', records, a.name, packAccount(a))
  if resting then
    call('ZADD', idle, num(a.v), a.name)
  elseif a.idle then
    call('ZREM', idle, a.name)
  end
  a.idle = resting
end

-- crowd counts the busy accounts of a hash, and forgets a few idle ones that the others have caught up with.
local function crowd(records, idle, V)
  local resting = call('ZCARD', idle)
  local n = call('HLEN', records) - resting
  if resting > 0 then
    for _, name in ipairs(call('ZRANGEBYSCORE', idle, '-inf', num(V), 'LIMIT', 0, 10)) do
      call('HDEL', records, name)
      call('ZREM', idle, name)
    end
  end
  return n
end

-- put writes both accounts back and brings every index in line with them.
local function put(S, U)
  indexUser(S, U)
  keep(usersKey(S.name), idleUsersKey(S.name), U, S.V)
  if not busy(S) then
    call('DEL', usersKey(S.name), idleUsersKey(S.name))
    S.V = 0
  end
  indexServer(S)
  keep(serversKey, idleServersKey, S, lineGet('V'))
  if lineGet('waiting') == 0 and lineGet('running') == 0 then
    call('DEL', serversKey, idleServersKey, passedKey)
    lineSet('V', 0)
  end
  lineWrite()
end

-- count moves n jobs of a size in or out of waiting (w) and running (r).
local function count(S, U, size, w, r)
  S.waiting, U.waiting = S.waiting + w, U.waiting + w
  S.running, U.running = S.running + r, U.running + r * size
  if w ~= 0 then lineAdd('waiting', w) end
  if r ~= 0 then lineAdd('running', r) end
end

-- share is what an account of a weight (in percent) pays for some milliseconds.
local function share(cost, weight) return math.floor(cost * 100 / weight) end

-- Start-time fair queueing: the next job starts at v, and v moves on by its cost. The virtual time V, at which newcomers
-- start, is a little past the least v of those who could have been served: by one share of the cost, were it divided
-- among the n busy accounts and a newcomer. So newcomers go before who has just been served, but not without end.
local function advance(V, least, cost, n) return math.max(V, least + math.floor(cost / (n + 1))) end

-- charge lets both accounts pay for a job that starts. leastS and leastU are the least v of the servers, and of this
-- server's users, that could have been served; nil when nobody was chosen (adopt).
local function charge(S, U, j, leastS, leastU)
  local costS, costU = share(j.cost, j.sweight), share(j.cost, j.weight)
  local V = lineGet('V')
  S.v, U.v = math.max(S.v, V - hoard), math.max(U.v, S.V - hoard)
  if leastS then
    lineSet('V', advance(V, leastS, costS, crowd(serversKey, idleServersKey, V)))
    S.V = advance(S.V, leastU, costU, crowd(usersKey(S.name), idleUsersKey(S.name), S.V))
  end
  S.v, U.v = S.v + costS, U.v + costU
end

-- settle replaces the estimate by what the job really took.
local function settle(S, U, j, actual)
  local cost = tonumber(j.cost)
  S.v = math.max(0, S.v + share(actual, j.sweight) - share(cost, j.sweight))
  U.v = math.max(0, U.v + share(actual, j.weight) - share(cost, j.weight))
end

-- Reads the whole line.
--
-- returns  {'OK', V, servers, jobs, now, pauses}: V the virtual time;
--          servers a list of {name, v, V, {user, v, most running, ...}};
--          jobs a list of {id, state, lane, server, user, cost, seq, percent, cancelled (0 or 1), size, batch, weight of the
--          server, of the user, slot, leased at, enqueued at, delayed until}, those in line and those held;
--          pauses a list of scope, since, reason, and so on
local servers, jobs = {}, {}
local function read(id, due)
  local r = call('HMGET', jobKey(id), 'state', 'lane', 'server', 'user', 'cost', 'seq', 'percent', 'cancel', 'size', 'batch',
    'sweight', 'weight', 'slot', 'since', 'at')
  jobs[#jobs + 1] = {id, r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8] and '1' or '0', r[9], r[10], r[11], r[12],
    r[13] or '', r[14] or '0', r[15], due or '0'}
end

local names = call('HGETALL', serversKey)
for i = 1, #names, 2 do
  local S = unpackAccount(names[i], names[i + 1])
  local users = {}
  local records = call('HGETALL', usersKey(S.name))
  for k = 1, #records, 2 do
    local U = unpackAccount(records[k], records[k + 1])
    for _, x in ipairs({U.name, num(U.v), num(U.max)}) do users[#users + 1] = x end
    for lane in pairs(U.lanes) do
      for _, id in ipairs(call('ZRANGE', flowKey(lane, S.name, U.name), 0, -1)) do read(id) end
    end
  end
  servers[#servers + 1] = {S.name, num(S.v), num(S.V), users}
end
for _, id in ipairs(call('ZRANGE', leaseKey, 0, -1)) do read(id) end
local late = call('ZRANGE', delayKey, 0, -1, 'WITHSCORES')
for i = 1, #late, 2 do read(late[i], num(tonumber(late[i + 1]))) end

local pauses = {}
if anyPause then
  local all = call('HGETALL', pausesKey)
  for i = 1, #all, 2 do
    local since, reason = string.match(all[i + 1], '^(%d+) (.*)$')
    for _, x in ipairs({all[i], since, reason}) do pauses[#pauses + 1] = x end
  end
end
return {'OK', num(lineGet('V')), servers, jobs, num(now), pauses}

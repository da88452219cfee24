-- Reads the whole line.
--
-- returns  {'OK', V, servers, jobs}: V the virtual time;
--          servers a list of {name, v, V, {user, v, ...}}; jobs a list of {id, state, lane, server, user, cost, seq, percent,
--          cancelled (0 or 1)}, those in line and those held
local servers, jobs = {}, {}
local function read(id)
  local r = call('HMGET', jobKey(id), 'state', 'lane', 'server', 'user', 'cost', 'seq', 'percent', 'cancel')
  jobs[#jobs + 1] = {id, r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8] and '1' or '0'}
end

local names = call('HGETALL', serversKey)
for i = 1, #names, 2 do
  local S = unpackAccount(names[i], names[i + 1])
  local users = {}
  local records = call('HGETALL', usersKey(S.name))
  for k = 1, #records, 2 do
    local U = unpackAccount(records[k], records[k + 1])
    users[#users + 1], users[#users + 2] = U.name, num(U.v)
    for lane in pairs(U.lanes) do
      for _, id in ipairs(call('ZRANGE', flowKey(lane, S.name, U.name), 0, -1)) do read(id) end
    end
  end
  servers[#servers + 1] = {S.name, num(S.v), num(S.V), users}
end
for _, id in ipairs(call('ZRANGE', leaseKey, 0, -1)) do read(id) end
for _, id in ipairs(call('ZRANGE', delayKey, 0, -1)) do read(id) end
return {'OK', num(lineGet('V')), servers, jobs}

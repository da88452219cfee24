-- Takes the queue away from processes of the version before, whose keys begin with 'dr:', and moves their events.
--
-- ARGV[4]  the epoch that they find from now on; see retire.go
-- returns  {'OK', ms until the last lease of that version ends, '1' if closeold.lua has still to run}
--
-- Their scripts find an epoch that is later than any other, and refuse: a renderer loses its lease, and no bot begins
-- an epoch. The events are moved too, because the bot may not have read all of them. A pool that is new is closed at
-- once.
local old = 'dr:' .. string.sub(base, 10)
local oldRoot, oldEvents, oldSizes = old .. 'root', old .. 'events', old .. 'sizes'
local r = call('HMGET', oldRoot, 'epoch', 'leasesend')
local oldEpoch, leasesEnd = r[1], tonumber(r[2] or '0')
if oldEpoch and oldEpoch ~= ARGV[4] then
  local last = call('ZRANGE', old .. 'e:' .. oldEpoch .. ':lease', -1, -1, 'WITHSCORES')
  leasesEnd = tonumber(last[2] or '0')
  call('DEL', oldRoot)
end
call('HSET', oldRoot, 'epoch', ARGV[4], 'run', serverRun(), 'leasesend', num(leasesEnd))

if call('EXISTS', base .. 'events') == 0 and call('EXISTS', oldEvents) == 1 then
  call('RENAME', oldEvents, base .. 'events')
end
for _, event in ipairs(call('XRANGE', oldEvents, '-', '+')) do
  call('XADD', base .. 'events', 'MAXLEN', '~', ARGV[3], '*', unpack(event[2]))
end
call('DEL', oldEvents)

if not oldEpoch and call('EXISTS', old .. 'tray') == 0 then call('SET', oldSizes, ARGV[4]) end
local open = call('TYPE', oldSizes).ok ~= 'string'
return {'OK', num(math.max(0, leasesEnd - now)), open and '1' or '0'}

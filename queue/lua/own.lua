-- Records which database's bots use the pool, and gives the pool's server an id.
--
-- ARGV[4]  the id of the database
-- ARGV[5]  for how many ms it owns the pool
-- ARGV[6]  the id for a server that has none
-- returns  {'OK', id of the server} · {'OTHER'} when another database owns the pool
--
-- The id belongs to one run of the server: a copy of its data on another server gets an id of its own.
local r = call('HMGET', KEYS[1], 'database', 'owneduntil', 'id', 'idrun')
local database, ownedUntil, id, idRun = r[1], tonumber(r[2] or '0'), r[3], r[4]
if database and database ~= ARGV[4] and ownedUntil > now then return {'OTHER'} end
local run = serverRun()
if not id or idRun ~= run then id = ARGV[6] end
call('HSET', KEYS[1], 'database', ARGV[4], 'owneduntil', num(now + tonumber(ARGV[5])), 'id', id, 'idrun', run)
return {'OK', id}

-- Sets how many images of one user may run at once, for every user of a server who has jobs. An idle user gets the
-- limit with the next job.
--
-- ARGV[4]  server    ARGV[5]  limit of running images, 0 for no limit
-- returns  {'OK'}
local S = server(ARGV[4])
for _, name in ipairs(call('HKEYS', usersKey(S.name))) do
  local U = user(S.name, name)
  if busy(U) then
    U.maxRunning = tonumber(ARGV[5])
    storeAccounts(S, U)
  end
end
return {'OK'}

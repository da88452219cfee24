-- Sets how many pictures of one user may run in a server, for everybody who has jobs there. Those who are idle get it
-- with their next job.
--
-- ARGV[4]  server    ARGV[5]  most pictures running, 0 no limit
-- returns  {'OK'}
local S = server(ARGV[4])
for _, name in ipairs(call('HKEYS', usersKey(S.name))) do
  local U = user(S.name, name)
  if busy(U) then
    U.max = tonumber(ARGV[5])
    put(S, U)
  end
end
return {'OK'}

-- Removes a paused server from every lane, or adds a resumed one: the second half of pause.lua.
if ARGV[5] ~= '' then
  local S = server(ARGV[5])
  indexServer(S, true)
  if busy(S) then call('HSET', serversKey, S.name, packAccount(S)) end
end
return {'OK'}

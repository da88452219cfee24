-- Takes a paused server out of every lane, or puts it back: the end of the step that pause.lua begins.
if ARGV[5] ~= '' then
  local S = server(ARGV[5])
  indexServer(S, true)
  if busy(S) then call('HSET', serversKey, S.name, packAccount(S)) end
end
return {'OK'}

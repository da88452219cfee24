-- Stores which add-ons a renderer has, for its calls of Reserve.
--
-- ARGV[4]  digest of the set    ARGV[5...]  the hashes of the add-ons
-- returns  {'OK'} also when repeated
--
-- A set is named by its content, so renderers that have the same share it, and one that has others names another.
call('ZADD', addonSetsKey, num(now), ARGV[4])
for i = 5, #ARGV do call('HSET', addonSetKey(ARGV[4]), ARGV[i], 1) end
return {'OK'}

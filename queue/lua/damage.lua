-- Notes that the epoch has lost a key, which a script met as an error.
--
-- ARGV[4]  what is lost
-- returns  {'OK'}
damage(ARGV[4])
return {'OK'}

-- Counts the jobs in line and those held.
--
-- returns  {'OK', waiting, running}
return {'OK', num(lineGet('waiting')), num(lineGet('running'))}

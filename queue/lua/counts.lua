-- Counts the waiting and the leased jobs.
--
-- returns  {'OK', waiting, running}
return {'OK', num(counterGet('waiting')), num(counterGet('running'))}

package bot

import (
	"errors"
	"time"
)

const (
	// foreignEpochWindow is how soon one foreign epoch must follow the last to count: two bots with a claim to each epoch take
	// turns of epochClaimLife.
	foreignEpochWindow = time.Minute
	// maxForeignEpochs is at how many foreign epochs in a row a bot that started less than newcomerAge ago gives way, and maxForeignEpochsOld at
	// how many one that was there before: the newcomer is the likelier mistake.
	maxForeignEpochs    = 3
	maxForeignEpochsOld = 2 * maxForeignEpochs
	newcomerAge         = 10 * time.Minute
)

// errSplitBrain ends a bot whose line is not that of all bots on its database.
var errSplitBrain = errors.New("another bot uses this database with another Redis, so each takes the other's line for an old one: " +
	"give both the same REDIS_URL and pool, or each a database of its own")

// rival notices a bot that keeps its line elsewhere: it begins epochs that our Redis never shows, while ours stays where
// we left it. A Redis that lost its memory, or a bot that ends in the middle of a beginning, is not that. Only the relay
// uses it.
type splitBrain struct {
	started     time.Time // when this bot started
	agreed      int64     // in which ledger and queue agreed last
	foreign     int       // foreign epochs in a row
	lastForeign time.Time // when the last of them was met
}

// ours notes an epoch in which ledger and queue agree; 0 is none.
func (r *splitBrain) agree(epoch int64) { r.agreed = max(r.agreed, epoch) }

// began tells whether somebody else began the epoch that SQL wants, and not on our Redis, which has another.
func (r *splitBrain) isForeign(has, want int64) bool {
	return r.agreed > 0 && has == r.agreed && want > has
}

// tooMany tells whether one foreign epoch more is one too many.
func (r *splitBrain) tooMany(now time.Time) bool {
	most := maxForeignEpochs
	if now.Sub(r.started) >= newcomerAge {
		most = maxForeignEpochsOld
	}
	return now.Sub(r.lastForeign) <= foreignEpochWindow && r.foreign+1 >= most
}

// met counts a foreign epoch. It is called once our own was begun: a Redis that takes nothing in is no rival's.
func (r *splitBrain) count(now time.Time) {
	if now.Sub(r.lastForeign) > foreignEpochWindow {
		r.foreign = 0
	}
	r.foreign++
	r.lastForeign = now
}

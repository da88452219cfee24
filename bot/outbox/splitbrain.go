package outbox

import (
	"errors"
	"time"
)

const (
	// foreignEpochWindow is how soon one foreign epoch must follow the last to count: two bots with a claim to each
	// epoch take turns of epochClaimLife.
	foreignEpochWindow = time.Minute
	// maxForeignEpochs is after how many foreign epochs in a row a bot gives way that started less than newcomerAge ago,
	// and maxForeignEpochsOld after how many an older one: the newcomer is the likelier mistake.
	maxForeignEpochs    = 3
	maxForeignEpochsOld = 2 * maxForeignEpochs
	newcomerAge         = 10 * time.Minute
)

const splitBrainText = "another bot uses this database with another Redis, " +
	"so each takes the other's queue for an old one: " +
	"give both the same REDIS_URL and pool, or give each its own database"

// errSplitBrain ends a bot whose queue is not that of all bots on its database.
var errSplitBrain = errors.New(splitBrainText)

// splitBrain notices a bot that keeps its queue elsewhere: that bot begins epochs that our Redis never shows, while
// ours stays as we left it. A Redis that lost its memory, or a bot that ends while it begins an epoch, does not look
// like that. Only the relay uses it.
type splitBrain struct {
	started     time.Time // when this bot started
	agreed      int64     // the epoch in which SQL and queue agreed last
	foreign     int       // foreign epochs in a row
	lastForeign time.Time // when the last of them was noticed
}

// agree notes an epoch in which SQL and queue agree; 0 is none.
func (b *splitBrain) agree(epoch int64) { b.agreed = max(b.agreed, epoch) }

// isForeign tells whether somebody else began the epoch that SQL wants, and not on our Redis, which has another.
func (b *splitBrain) isForeign(has, want int64) bool {
	return b.agreed > 0 && has == b.agreed && want > has
}

// tooMany tells whether one foreign epoch more is one too many.
func (b *splitBrain) tooMany(now time.Time) bool {
	most := maxForeignEpochs
	if now.Sub(b.started) >= newcomerAge {
		most = maxForeignEpochsOld
	}
	return now.Sub(b.lastForeign) <= foreignEpochWindow && b.foreign+1 >= most
}

// count counts a foreign epoch. It is called once our own was begun: a Redis that takes no writes is no other bot's.
func (b *splitBrain) count(now time.Time) {
	if now.Sub(b.lastForeign) > foreignEpochWindow {
		b.foreign = 0
	}
	b.foreign++
	b.lastForeign = now
}

package bot

import (
	"errors"
	"time"
)

const (
	// rivalWithin is how soon one foreign epoch must follow the last to count: two bots with a claim to each epoch take
	// turns of healFor.
	rivalWithin = time.Minute
	// rivalMost is at how many foreign epochs in a row a bot that started less than rivalNew ago gives way, and rivalOld at
	// how many one that was there before: the newcomer is the likelier mistake.
	rivalMost = 3
	rivalOld  = 2 * rivalMost
	rivalNew  = 10 * time.Minute
)

// errRival ends a bot whose line is not that of all bots on its database.
var errRival = errors.New("another bot uses this database with another Redis, so each takes the other's line for an old one: " +
	"give both the same REDIS_URL and pool, or each a database of its own")

// rival notices a bot that keeps its line elsewhere: it begins epochs that our Redis never shows, while ours stays where
// we left it. A Redis that lost its memory, or a bot that ends in the middle of a beginning, is not that. Only the relay
// uses it.
type rival struct {
	since time.Time // when this bot started
	epoch int64     // in which ledger and queue agreed last
	times int       // foreign epochs in a row
	last  time.Time // when the last of them was met
}

// ours notes an epoch in which ledger and queue agree; 0 is none.
func (r *rival) ours(epoch int64) { r.epoch = max(r.epoch, epoch) }

// began tells whether somebody else began the epoch that SQL wants, and not on our Redis, which has another.
func (r *rival) began(has, want int64) bool { return r.epoch > 0 && has == r.epoch && want > has }

// tooMany tells whether one foreign epoch more is one too many.
func (r *rival) tooMany(now time.Time) bool {
	most := rivalMost
	if now.Sub(r.since) >= rivalNew {
		most = rivalOld
	}
	return now.Sub(r.last) <= rivalWithin && r.times+1 >= most
}

// met counts a foreign epoch. It is called once our own was begun: a Redis that takes nothing in is no rival's.
func (r *rival) met(now time.Time) {
	if now.Sub(r.last) > rivalWithin {
		r.times = 0
	}
	r.times++
	r.last = now
}

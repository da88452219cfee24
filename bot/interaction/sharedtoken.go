package interaction

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// settledAfter is how long a bot must have answered alone until it may expect another one to give way.
	settledAfter = 10 * time.Minute
	// toleratedLosses is how many answers of another program such a bot bears within settledAfter. A newcomer of our kind
	// gives way at its first; whoever goes on after that is no such newcomer.
	toleratedLosses = 3
	// quietFor is for how long a bot does not answer that gave way, at least; up to half of it is added by chance, so that
	// of two bots that gave way to each other one comes back first.
	quietFor = 10 * time.Minute
)

// sharedTokenHint tells an operator what to do.
const sharedTokenHint = "stop one of them, reset the token, or give both the same PostgreSQL and Redis"

// errAnsweredElsewhere means that another program answered the interaction. A first answer is sent once and never
// again, so it cannot have been this bot.
var errAnsweredElsewhere = errors.New("another program answered the interaction")

// sharedToken notices that another program answers interactions with this bot's token, and has this bot stop answering:
// each of the two would otherwise put its images in place of the other's. Two bots of one database do not get there,
// because they claim each interaction.
//
// The newcomer gives way: a bot that has answered alone for a while bears a few losses. It comes back after a time, in
// case the other program has ended.
type sharedToken struct {
	now func() time.Time
	log *slog.Logger

	mu         sync.Mutex
	since      time.Time   // since when this bot answers
	losses     []time.Time // when another program was faster
	quietUntil time.Time   // zero while it answers
	told       bool        // the log says so already
}

func newSharedToken(now func() time.Time, log *slog.Logger) *sharedToken {
	return &sharedToken{now: now, log: log, since: now()}
}

// quiet tells whether the bot must not answer.
func (t *sharedToken) quiet() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.quietUntil.IsZero() {
		return false
	}
	now := t.now()
	if now.Before(t.quietUntil) {
		return true
	}
	t.quietUntil, t.since, t.losses = time.Time{}, now, nil
	t.log.Info("this bot answers again")
	return false
}

// lost notes that another program answered an interaction.
func (t *sharedToken) lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if !t.quietUntil.IsZero() {
		return // it began before this bot gave way
	}
	settled := now.Sub(t.since) >= settledAfter
	for len(t.losses) > 0 && now.Sub(t.losses[0]) > settledAfter {
		t.losses = t.losses[1:]
	}
	if settled && len(t.losses) == 0 {
		t.told = false // the last one is long over
	}
	t.losses = append(t.losses, now)
	if !settled || len(t.losses) > toleratedLosses {
		t.quietUntil = now.Add(quietFor + rand.N(quietFor/2))
	}
	if t.told {
		return
	}
	t.told = true
	if t.quietUntil.IsZero() {
		t.log.Error("another program answers with this bot's token; this bot goes on, since it was here first",
			"hint", sharedTokenHint)
		return
	}
	t.log.Error("another program answers with this bot's token, so this bot stops answering; it tries again later",
		"hint", sharedTokenHint)
}

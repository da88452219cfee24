package bot_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// away is a ledger that cannot be reached by what follows the line's events while it is down.
type away struct {
	bot.Ledger
	down   atomic.Bool
	missed atomic.Int32 // calls that found it so
}

var errAway = fmt.Errorf("begin: %w", driver.ErrBadConn)

func (a *away) Unfinished(ctx context.Context, user string) ([]store.Entry, error) {
	if a.down.Load() {
		return nil, errAway
	}
	return a.Ledger.Unfinished(ctx, user)
}

func (a *away) Leased(ctx context.Context, id string) (bool, error) {
	if a.down.Load() {
		a.missed.Add(1)
		return false, errAway
	}
	return a.Ledger.Leased(ctx, id)
}

func (a *away) Meta(ctx context.Context, name string) (string, error) {
	if a.down.Load() {
		return "", errAway
	}
	return a.Ledger.Meta(ctx, name)
}

func TestNoEventIsPassedOverWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	gone := &away{}
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { gone.Ledger = l; return gone }
	h.start()
	h.ready()
	i := h.queued(sandbox.With("prompt", "a red boat"))
	release := h.brush.stay()
	gone.down.Store(true)
	h.bench()
	h.poll("more tries than an event has", func() bool { return gone.missed.Load() > 5 })
	gone.down.Store(false)
	h.poll("the event to be heard", func() bool { return h.entry(i).State == store.Running })
	release()
	h.done(i)
	if text := h.log.String(); strings.Contains(text, "passed over") {
		t.Errorf("log: got an event that was passed over:\n%s", text)
	}
}

func TestPeopleAreToldThatTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	gone := &away{}
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { gone.Ledger = l; return gone }
	h.start()
	h.ready()
	gone.down.Store(true)
	h.says(h.ask("queue"), "My records are out of reach just now")
	gone.down.Store(false)
	h.says(h.ask("queue"), "none")
}

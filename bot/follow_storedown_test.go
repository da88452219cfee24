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

// unreachableStore cannot be reached by what follows the queue's events while it is down.
type unreachableStore struct {
	bot.Store
	down   atomic.Bool
	missed atomic.Int32 // calls that found it so
}

var errUnreachable = fmt.Errorf("begin: %w", driver.ErrBadConn)

func (a *unreachableStore) Unfinished(ctx context.Context, user string) ([]store.Job, error) {
	if a.down.Load() {
		return nil, errUnreachable
	}
	return a.Store.Unfinished(ctx, user)
}

func (a *unreachableStore) MarkLeased(ctx context.Context, id string) (bool, error) {
	if a.down.Load() {
		a.missed.Add(1)
		return false, errUnreachable
	}
	return a.Store.MarkLeased(ctx, id)
}

func (a *unreachableStore) Meta(ctx context.Context, name string) (string, error) {
	if a.down.Load() {
		return "", errUnreachable
	}
	return a.Store.Meta(ctx, name)
}

func TestNoEventIsSkippedWhileStoreIsDown(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db := &unreachableStore{}
	h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	release := h.renderer.pause()
	db.down.Store(true)
	h.startRenderer()
	h.pollUntil("more tries than an event has", func() bool { return db.missed.Load() > 5 })
	db.down.Store(false)
	h.pollUntil("the event to be heard", func() bool { return h.job(i).State == store.Running })
	release()
	h.waitDone(i)
	if text := h.log.String(); strings.Contains(text, "skipped") {
		t.Errorf("log: got an event that was skipped:\n%s", text)
	}
}

func TestUnreachableStoreIsReported(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db := &unreachableStore{}
	h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
	h.startBot()
	h.waitReady()
	db.down.Store(true)
	h.waitText(h.command("queue"), "The database cannot be reached")
	db.down.Store(false)
	h.waitText(h.command("queue"), "none")
}

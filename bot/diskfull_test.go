package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// fullStore is a store whose disk is full at times: it can be read and not written.
type fullStore struct {
	bot.Store
	full  atomic.Bool
	tried atomic.Int64 // ends that could not be written down
}

func (f *fullStore) check() error {
	if !f.full.Load() {
		return nil
	}
	return fmt.Errorf("commit: %w", &pgconn.PgError{Code: "53100", Message: "could not extend file"})
}

func (f *fullStore) Accept(ctx context.Context, jobs []store.Job, judge func(store.Policy, store.Usage) error) error {
	if err := f.check(); err != nil {
		return err
	}
	return f.Store.Accept(ctx, jobs, judge)
}

func (f *fullStore) Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error) {
	if err := f.check(); err != nil {
		f.tried.Add(1)
		return false, err
	}
	return f.Store.Finish(ctx, id, message, outcome)
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db := &fullStore{}
	h.wrapStore = func(s bot.Store) bot.Store { db.Store = s; return db }
	h.startBot()
	h.startRenderer()
	h.waitReady()
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitText(i, "Generating")
	db.full.Store(true)
	h.waitText(h.command("imagine", sandbox.With("prompt", "a blue star")), "the disk of this bot is full")
	release()
	h.waitPictures(i, 4)
	h.pollUntil("the end to be tried often", func() bool { return db.tried.Load() > 5 })
	if strings.Contains(h.log.String(), "an event was skipped") {
		t.Errorf("the end was skipped while the disk was full:\n%s", h.log)
	}
	db.full.Store(false)
	h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
	h.waitPictures(h.command("imagine", sandbox.With("prompt", "a blue star")), 4)
	if n := len(h.renderer.specs()); n != 2 {
		t.Errorf("paintings: got %d, want 2", n)
	}
}

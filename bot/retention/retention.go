package retention

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"
)

const (
	// pruneInterval is how often old rows are deleted.
	pruneInterval = time.Hour
	// prunedMeta is the name under which SQL has the time of the last pruning: a bot that restarts every half an hour
	// prunes too.
	prunedMeta = "pruned"
	// inputLife is how long a finished job's input images are kept for its buttons.
	inputLife = 30 * 24 * time.Hour
	// inboxLife is how long images stay in an inbox.
	inboxLife = 30 * 24 * time.Hour
)

// Store is what retention needs of the database.
type Store interface {
	servers
	people
	oldRows
	meta
}

type servers interface {
	Servers(ctx context.Context) (departed map[string]bool, err error)
	MarkDeparted(ctx context.Context, server string) error
	MarkRejoined(ctx context.Context, server string) error
	ForgetServers(ctx context.Context, age time.Duration) ([]string, error)
}

type people interface {
	FinishErasures(ctx context.Context) error
}

type oldRows interface {
	PruneInputs(ctx context.Context, age time.Duration) (int, error)
	PruneDeliveries(ctx context.Context, seen, age time.Duration) error
	PruneClaims(ctx context.Context) error
	PruneQuestions(ctx context.Context, age time.Duration) error
}

type meta interface {
	Meta(ctx context.Context, name string) (string, error)
	SetMeta(ctx context.Context, name, value string) error
}

// Options are the parts of a Retention.
type Options struct {
	Store        Store
	Interval     time.Duration // how often due servers and people are looked for
	ForgetAfter  time.Duration // a server that removed the bot is forgotten after so long; never when 0
	ShownLife    time.Duration // how long images stay in an inbox after they were shown
	QuestionLife time.Duration // how long a question can be answered
	Keep         string        // a server that no gateway event names and that always stays
	Now          func() time.Time
	Log          *slog.Logger
}

// Retention deletes what is no longer needed.
type Retention struct {
	o           Options
	memberships *memberships
	pruned      time.Time // when old rows were last deleted; zero before SQL was asked
}

// New returns a Retention.
func New(o Options) *Retention {
	return &Retention{o: o, memberships: newMemberships()}
}

// Handle reads a gateway event. It does not block.
func (r *Retention) Handle(kind string, raw json.RawMessage) { r.memberships.handle(kind, raw) }

// Run notes which servers come and go, and forgets what is due, until ctx is done.
func (r *Retention) Run(ctx context.Context) error {
	var last time.Time
	for {
		if err := r.saveMemberships(ctx); err != nil && ctx.Err() == nil {
			r.o.Log.Warn("servers that came or went could not be noted", "error", err)
		}
		if now := r.o.Now(); now.Sub(last) >= r.o.Interval {
			last = now
			r.forgetExpired(ctx)
		}
		r.prune(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-r.memberships.wake:
		case <-time.After(r.o.Interval):
		}
	}
}

func (r *Retention) saveMemberships(ctx context.Context) error {
	if r.memberships.empty() {
		return nil
	}
	drained := r.memberships.drain()
	err := r.applyMemberships(ctx, drained)
	if err != nil {
		r.memberships.putBack(drained)
	}
	return err
}

func (r *Retention) applyMemberships(ctx context.Context, changes *memberships) error {
	known, err := r.o.Store.Servers(ctx)
	if err != nil {
		return err
	}
	delete(known, r.o.Keep)
	back, gone := changes.diff(known)
	for _, server := range back {
		if err := r.o.Store.MarkRejoined(ctx, server); err != nil {
			return err
		}
		r.o.Log.Info("a server is back and is not forgotten", "server", server)
	}
	for _, server := range gone {
		if err := r.o.Store.MarkDeparted(ctx, server); err != nil {
			return err
		}
		r.o.Log.Info("a server removed the bot", "server", server, "forgotten_after", r.o.ForgetAfter)
	}
	return nil
}

// forgetExpired forgets what is due. What fails is tried again the next time.
func (r *Retention) forgetExpired(ctx context.Context) {
	if err := r.o.Store.FinishErasures(ctx); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("people could not be erased to the end", "error", err)
	}
	if r.o.ForgetAfter <= 0 {
		return
	}
	gone, err := r.o.Store.ForgetServers(ctx, r.o.ForgetAfter)
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("a server could not be forgotten", "error", err)
	}
	for _, server := range gone {
		r.o.Log.Info("a server was forgotten", "server", server)
	}
}

// prune deletes old rows, once an hour.
func (r *Retention) prune(ctx context.Context) {
	if !r.pruneDue(ctx) {
		return
	}
	r.pruned = r.o.Now()
	_, inputs := r.o.Store.PruneInputs(ctx, inputLife)
	err := errors.Join(inputs, r.o.Store.PruneDeliveries(ctx, r.o.ShownLife, inboxLife), r.o.Store.PruneClaims(ctx),
		r.o.Store.PruneQuestions(ctx, r.o.QuestionLife))
	if err == nil {
		err = r.savePruned(ctx)
	}
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("old rows could not be dropped", "error", err)
	}
}

// pruneDue tells whether the last pruning, of this process or of one before, was an hour ago. The hour begins with the
// first start on a database, and anew if SQL names a time to come: a clock was set back.
func (r *Retention) pruneDue(ctx context.Context) bool {
	now := r.o.Now()
	if r.pruned.IsZero() {
		text, err := r.o.Store.Meta(ctx, prunedMeta)
		if err != nil {
			return false // asked again the next time
		}
		last, err := time.Parse(time.RFC3339, text)
		r.pruned = last
		if err != nil || last.After(now) {
			r.pruned = now
			if err := r.savePruned(ctx); err != nil && ctx.Err() == nil {
				r.o.Log.Warn("the time of the last pruning was not written down", "error", err)
			}
		}
	}
	return now.Sub(r.pruned) >= pruneInterval
}

func (r *Retention) savePruned(ctx context.Context) error {
	return r.o.Store.SetMeta(ctx, prunedMeta, r.pruned.UTC().Format(time.RFC3339))
}

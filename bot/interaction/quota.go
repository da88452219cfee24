package interaction

import (
	"context"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/store"
)

// quotaStore knows what a server allows and what a person has used of it.
type quotaStore interface {
	PolicyAndWeights(ctx context.Context, server string) (store.Policy, map[string]int, error)
	Usage(ctx context.Context, server, user string) (store.Usage, error)
	OldestOfDay(ctx context.Context, server, user string) (time.Time, error)
}

// quota is /info: what is left to the person who asks, and which rule says so.
type quota struct {
	db      quotaStore
	catalog catalog
}

// show answers privately.
func (q *quota) show(ctx context.Context, r *responder) error {
	p, weights, err := q.db.PolicyAndWeights(ctx, r.account())
	if err != nil {
		return err
	}
	use, err := q.db.Usage(ctx, r.account(), r.req.Person.ID)
	if err != nil {
		return err
	}
	oldest, err := q.db.OldestOfDay(ctx, r.account(), r.req.Person.ID)
	if err != nil {
		return err
	}
	shown := message.Quota{
		Limits: limitsOf(p), Waiting: use.Waiting, Running: use.Running, Day: use.Day,
		Weight: weight(weights, r.account(), r.req.Person.Roles), Direct: r.account() == command.DirectAccount,
	}
	if !oldest.IsZero() {
		shown.NextFree = oldest.Add(store.Day)
	}
	if models := q.catalog.Available().Models; len(models) > 0 {
		shown.Model = models[0].Hash
	}
	return r.replyPrivately(ctx, shown.Message(r.req.Language))
}

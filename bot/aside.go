package bot

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// asides is how many messages are put right at once.
	asides = 8
	// asideLimit bounds one of them: long enough for Discord's longest usual rate limit.
	asideLimit = time.Minute
)

func newAsides() *errgroup.Group {
	g := new(errgroup.Group)
	g.SetLimit(asides)
	return g
}

// aside puts a message right without holding up whoever noticed. When too many are on their way it waits. Run waits for
// all of them before it returns.
func (b *Bot) aside(do func(context.Context)) {
	b.aside1.Go(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), asideLimit)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				b.log.Error("a message could not be put right", "panic", p)
			}
		}()
		do(ctx)
		return nil
	})
}

package bot

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// asides is how many messages are put right at once.
	maxBackgroundTasks = 8
	// backgroundTimeout bounds one of them: long enough for Discord's longest usual rate limit.
	backgroundTimeout = time.Minute
)

func newBackgroundTasks() *errgroup.Group {
	g := new(errgroup.Group)
	g.SetLimit(maxBackgroundTasks)
	return g
}

// aside puts a message right without holding up whoever noticed. When too many are on their way it waits. Run waits for
// all of them before it returns.
func (b *Bot) inBackground(do func(context.Context)) {
	b.backgroundTasks.Go(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), backgroundTimeout)
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

package bot

import (
	"context"
	"time"
)

// claim tells whether this bot is the one to do what name stands for. A bot that has its ledger to itself always is.
func (b *Bot) claim(ctx context.Context, name string, span time.Duration) (bool, error) {
	if !b.o.Shared {
		return true, nil
	}
	return b.db.Claim(ctx, name, b.claimHolder, span)
}

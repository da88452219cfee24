package delivery

import (
	"context"
	"time"

	"darkroom/bot/job"
	"darkroom/store"
)

const (
	// repairSince is how far back the bot looks at its start for messages that are no longer true.
	repairSince = 24 * time.Hour
	// maxRepaired is how many jobs it looks at.
	maxRepaired = 100
)

// repair looks once, at the start, at the messages of jobs that ended lately: a bot that died between writing an end
// down and showing it left a message that says "generating".
func (d *Delivery) repair(ctx context.Context) error {
	ended, err := d.ended.Ended(ctx, d.corrections.now().Add(-repairSince), maxRepaired)
	if err != nil {
		d.log.Warn("messages could not be repaired", "error", err)
		return nil
	}
	for _, row := range ended {
		if ctx.Err() != nil {
			return nil
		}
		if row.Message == "" || row.State == store.Expired {
			continue
		}
		j, err := job.Read(row)
		if err != nil {
			d.log.Error("a job cannot be read", "job", row.ID, "error", err)
			continue
		}
		d.corrections.repair(ctx, j)
	}
	return nil
}

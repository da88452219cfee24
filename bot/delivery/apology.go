package delivery

import (
	"context"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/job"
	"darkroom/bot/message"
)

const (
	// apologyGrace is how long the corrector and the renderer have to tell a job's owner that it failed, before the
	// reofferer does: they may still have the interaction's token.
	apologyGrace = 30 * time.Second
	// tokenLife is how long an interaction's token lives. Source: Discord, interactions/receiving-and-responding.
	tokenLife = 15 * time.Minute
)

// apology is the correction that tells that a job failed. store.Fail noted that it is due.
func apology(j job.Job, reason string) correction {
	say := message.Failed(j.Address, j.Spec, j.ID, message.FailureReason(reason))
	return correction{job: j, message: say, apology: true}
}

// apologise tells a job's owner that it failed: in the job's own message if it still offers to cancel the job, else
// elsewhere. An error means that it should be tried again.
func (r *reofferer) apologise(ctx context.Context, j job.Job) error {
	age := r.now().Sub(j.Updated)
	if age < apologyGrace || age < tokenLife && r.corrections.retries.has(j.ID) {
		return nil // the corrector is at it
	}
	e := apology(j, j.Reason)
	if err := r.corrections.apply(ctx, e); !closed(err) {
		return err
	}
	marker := button.ID{Verb: button.Delete, Job: j.ID}.String() // every apology has it, and no waiting message
	return r.postElsewhere(ctx, j, marker, e.message)
}

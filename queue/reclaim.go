package queue

import (
	"context"
	"fmt"
	"time"
)

// Reclaim leases a job again, in the current epoch of the pool, to a slot that leased it in an earlier one. The
// verdicts:
//
//   - OK: the returned lease is good and replaces l. If l was sealed, the new one is sealed.
//   - Cancelled: a person cancelled the job. If l was sealed, there is a lease too (its Token is not zero): the
//     renderer stops posting if it can, and checks the message. If the job is posted it calls Done, else ConfirmCancel;
//     after a Release another renderer checks.
//   - EpochChanged: the bot is still filling the queue and this job has not come yet: ask again in a second.
//   - Stale: another renderer has the job, it has ended, or it did not come in time: stop.
func (q *Queue) Reclaim(ctx context.Context, slot string, l Lease) (Lease, Verdict, error) {
	until := time.Now().Add(q.opts.Lease)
	r, err := q.run(ctx, reclaimScript, anyEpoch, l.Job.ID, slot, l.Token.Epoch, fence(l.Token), ms(q.opts.Lease),
		ms(q.opts.ReclaimGrace), l.Sealed)
	if r.code() == string(EpochChanged) {
		return Lease{}, EpochChanged, nil
	}
	var reclaimed Lease
	if err == nil && len(r) > 2 {
		reclaimed, err = readLease(r[2:])
		reclaimed.Slot, reclaimed.Sealed, reclaimed.Until = slot, l.Sealed, until
		if err == nil {
			reclaimed.Token.Epoch, err = r.number(1)
		}
	}
	if err != nil {
		return Lease{}, "", fmt.Errorf("reclaim job %s: %w", l.Job.ID, err)
	}
	return reclaimed, Verdict(r.code()), nil
}

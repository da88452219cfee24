package queue

import (
	"context"
	"fmt"
	"time"
)

// Adopt leases again, in the epoch the pool is in now, a job that slot holds by a lease of an earlier one. The verdicts:
//
//   - OK: the lease returned is good, and replaces l. What l had sealed is sealed.
//   - Cancelled: a person cancelled it meanwhile. If l had sealed it, there is a lease too (its Token says so): what is
//     being posted stops if it can, and the message is looked at. Found posted it is Done, else Stopped; a Release lets
//     another look.
//   - Epoch: the line is still being filled, and this job has not come yet: ask again in a second.
//   - Stale: another renderer has it, it is over, or it did not come in time: let go.
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
		return Lease{}, "", fmt.Errorf("adopt job %s: %w", l.Job.ID, err)
	}
	return reclaimed, Verdict(r.code()), nil
}

package queue

import (
	"context"
	"fmt"
	"time"
)

// Adopt leases again, in the epoch the pool is in now, a job that slot holds by a lease of an earlier one. The verdicts:
//
//   - OK: the lease returned is good, and replaces l. If its Job says Look, somebody may have posted it: whoever has sealed
//     it, by the lease of before or earlier, reads the message before posting.
//   - Cancelled: a person cancelled it meanwhile.
//   - Epoch: the line is still being filled, and this job has not come yet: ask again in a second.
//   - Stale: another renderer has it, it is over, or it did not come in time: let go.
func (q *Queue) Adopt(ctx context.Context, slot string, l Lease) (Lease, Verdict, error) {
	until := time.Now().Add(q.opts.Lease)
	r, err := q.run(ctx, adoptScript, anyEpoch, l.Job.ID, slot, l.Token.Epoch, fence(l.Token), ms(q.opts.Lease), ms(q.opts.Grace))
	if r.code() == string(Epoch) {
		return Lease{}, Epoch, nil
	}
	if err == nil && r.code() == string(OK) {
		l, err = readLease(r[2:])
		if err == nil {
			l.Token.Epoch, err = r.number(1)
		}
		l.Slot, l.Until = slot, until
	}
	if err != nil {
		return Lease{}, "", fmt.Errorf("adopt job %s: %w", l.Job.ID, err)
	}
	if v := Verdict(r.code()); v != OK {
		return Lease{}, v, nil
	}
	return l, OK, nil
}

package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Capacity says what a renderer can take.
type Capacity struct {
	Lanes   []Lane // the preferred lane first; it wins a tie
	Addons  Addons // what it has beside: a lane stands for those too whose jobs need no more than these
	MaxJobs int    // jobs at once, of one lane and one BatchKey; at least 1
}

// Lane is a lane that a renderer can take, named without needs.
type Lane struct {
	Name string `json:"name"`

	// Load is the time to get ready for this lane, 0 when its model is loaded. Other lanes go first until their start tags
	// are ahead by twice that time, or until this lane was passed over for three minutes.
	Load time.Duration `json:"load,omitempty"`
}

// Lanes returns lanes whose models are loaded.
func Lanes(names ...string) []Lane {
	lanes := make([]Lane, len(names))
	for i, name := range names {
		lanes[i].Name = name
	}
	return lanes
}

// affinity is by how many times its load time a lane is delayed whose model is not loaded.
const affinity = 2

// HeldLease is a leased job in a Heartbeat.
type HeldLease struct {
	ID      string
	Token   Token
	Percent int
}

// Reserve leases the next jobs to a slot. Nonce names the call: the caller draws it once and keeps it while it repeats
// the call, so that a call whose answer was lost returns the same jobs again. It is no error if there is no job.
//
// The next job is that of the lane, the server and the user with the lowest start tags, in milliseconds.
func (q *Queue) Reserve(ctx context.Context, slot, nonce string, o Capacity) ([]Lease, error) {
	until := time.Now().Add(q.opts.Lease)
	args := []any{slot, escape(nonce), ms(q.opts.Lease), max(o.MaxJobs, 1), o.Addons.digest}
	for _, lane := range o.Lanes {
		args = append(args, escape(lane.Name), ms(affinity*lane.Load))
	}
	r, err := q.run(ctx, reserveScript, anyEpoch, args...)
	if err == nil && r.code() == "ADDONS" { // the queue does not know this set, or not any more
		if err = q.putAddons(ctx, o.Addons); err == nil {
			r, err = q.run(ctx, reserveScript, anyEpoch, args...)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reserve for %s: %w", slot, err)
	}
	epoch, err := r.number(1)
	if err != nil {
		return nil, fmt.Errorf("reserve for %s: %w", slot, err)
	}
	var leases []Lease
	for words := r[2:]; len(words) >= 5; words = words[5:] {
		l, err := readLease(words[:5])
		if err != nil {
			return nil, fmt.Errorf("reserve for %s: %w", slot, err)
		}
		l.Token.Epoch, l.Slot, l.Until = epoch, slot, until
		leases = append(leases, l)
	}
	return leases, nil
}

// readLease reads id, fence, attempt, flags (1: may have been posted, 2: cancelled) and payload.
func readLease(words reply) (l Lease, err error) {
	if err = json.Unmarshal([]byte(words.text(4)), &l.Job); err != nil {
		return l, fmt.Errorf("read job %s: %w", words.text(0), err)
	}
	if l.Token.Fence, err = words.number(1); err != nil {
		return l, err
	}
	attempt, err := words.number(2)
	l.Attempt = int(attempt)
	flags, wrong := words.number(3)
	l.Job.MaybePosted, l.Cancelled = flags&1 != 0, flags&2 != 0
	return l, errors.Join(err, wrong)
}

// Heartbeat extends the leases of a slot by another lease time and returns a verdict for each, in order. If the pool is
// at another epoch, every verdict is EpochChanged.
func (q *Queue) Heartbeat(ctx context.Context, slot string, held []HeldLease) ([]Verdict, error) {
	if len(held) == 0 {
		return nil, nil
	}
	args := []any{slot, ms(q.opts.Lease)}
	for _, h := range held {
		args = append(args, h.ID, fence(h.Token), min(max(h.Percent, 0), 100))
	}
	r, err := q.run(ctx, heartbeatScript, held[0].Token.Epoch, args...)
	if err != nil && r.code() != string(EpochChanged) {
		return nil, fmt.Errorf("heartbeat of %s: %w", slot, err)
	}
	verdicts := make([]Verdict, len(held))
	for i := range held {
		verdicts[i] = EpochChanged
		if err == nil {
			verdicts[i] = Verdict(r.text(i))
		}
	}
	return verdicts, nil
}

// Seal is the commit point before a post. After OK the job can no longer be cancelled, and the next renderer that
// leases it checks first whether it was posted. After Cancelled the job has ended.
func (q *Queue) Seal(ctx context.Context, l Lease) (Verdict, error) {
	return q.verdict(ctx, "seal", sealScript, l, ms(q.opts.Lease))
}

// Done ends a job that was rendered and delivered. The renderer time that it really took replaces its estimated cost.
func (q *Queue) Done(ctx context.Context, l Lease, actualMillis int64, o Outcome) (Verdict, error) {
	b, err := encode(o)
	if err != nil {
		return "", fmt.Errorf("done with job %s: %w", l.Job.ID, err)
	}
	return q.verdict(ctx, "done with", doneScript, l, min(max(actualMillis, 0), maxCost), b)
}

// Release returns a job to its position in the queue; the attempt does not count. Cancelled means that the job has
// ended because a person cancelled it.
func (q *Queue) Release(ctx context.Context, l Lease) (Verdict, error) {
	return q.verdict(ctx, "release", releaseScript, l, false, "", "")
}

// Postpone is Release with a delay before the job comes up again: Backoff, doubled each time up to MaxBackoff. So a job
// that cannot be posted does not block others that can. Nothing counts against it.
func (q *Queue) Postpone(ctx context.Context, l Lease) (Verdict, error) {
	return q.verdict(ctx, "postpone", releaseScript, l, false, ms(q.opts.Backoff), ms(q.opts.MaxBackoff))
}

// ConfirmCancel says that the holder stopped because a person cancelled the job, and that nothing of it is posted.
func (q *Queue) ConfirmCancel(ctx context.Context, l Lease) (Verdict, error) {
	return q.verdict(ctx, "confirm cancel of", releaseScript, l, true, "", "")
}

// Fail reports that a job failed. With retry it comes up again after a delay, unless it failed too often. Final says
// that the job has ended and that its JobFailed event has the reason. A stale lease changes nothing.
func (q *Queue) Fail(ctx context.Context, l Lease, reason string, retry bool) (final bool, err error) {
	return q.fail(ctx, l, reason, retry, "")
}

// Crashed reports that a job makes its renderer hang, so that the process is about to end. It counts as a lease that
// ran out: the second one ends the job, and final says that this was the last. After a seal it counts as an error. A
// stale lease changes nothing.
func (q *Queue) Crashed(ctx context.Context, l Lease, reason string) (final bool, err error) {
	return q.fail(ctx, l, reason, true, strconv.Itoa(q.opts.MaxCrashes))
}

func (q *Queue) fail(ctx context.Context, l Lease, reason string, retry bool, crashes string) (final bool, err error) {
	r, err := q.run(ctx, failScript, l.Token.Epoch, l.Job.ID, fence(l.Token), reason, retry, q.opts.MaxErrors,
		ms(q.opts.Backoff), ms(q.opts.MaxBackoff), crashes)
	if err != nil {
		return false, fmt.Errorf("fail job %s: %w", l.Job.ID, err)
	}
	return r.code() == "FINAL", nil
}

// verdict runs a script on a leased job.
func (q *Queue) verdict(ctx context.Context, step string, s script, l Lease, args ...any) (Verdict, error) {
	r, err := q.run(ctx, s, l.Token.Epoch, append([]any{l.Job.ID, fence(l.Token)}, args...)...)
	if r.code() == string(EpochChanged) {
		return EpochChanged, nil
	}
	if err != nil {
		return "", fmt.Errorf("%s job %s: %w", step, l.Job.ID, err)
	}
	return Verdict(r.code()), nil
}

func fence(t Token) string { return strconv.FormatInt(t.Fence, 10) }

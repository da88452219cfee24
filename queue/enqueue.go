package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// EnqueueResult tells what an Enqueue did.
type EnqueueResult struct {
	Duplicate bool // the queue knew this job already
	Cancelled bool // it was cancelled before: it is not in the queue and never will be
	Position  int  // jobs waiting in the pool, with this one: its worst position; Snapshot gives the true one
}

const (
	maxPayload = 256 << 10             // bytes of a job as JSON; 8,000 characters of prompt are at most 48 KiB
	maxCost    = int64(24 * 3_600_000) // milliseconds
)

var plainID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
var plainSHA = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Enqueue adds a job to the queue at an epoch, once for each id however often it is called. It returns ErrEpoch when
// the pool is at another epoch and ErrFull when it takes no more jobs. If the job has ended meanwhile, its last event
// is repeated for a caller that missed it.
func (q *Queue) Enqueue(ctx context.Context, epoch int64, j Job) (EnqueueResult, error) {
	payload, err := j.check()
	if err != nil {
		return EnqueueResult{}, fmt.Errorf("enqueue job %q: %w", j.ID, err)
	}
	r, err := q.run(ctx, enqueueScript, epoch, j.ID, escape(j.Lane), escape(j.Server), escape(j.User),
		min(max(j.Cost, 1), maxCost), max(j.Pictures, 1), max(j.MaxRunning, 0), j.MaybePosted,
		strings.Join(inOrder(j.Inputs), ","),
		payload, q.opts.MaxWaiting, j.BatchKey, weight(j.ServerWeight), weight(j.Weight), q.reclaimGrace(epoch, j),
		max(j.Crashes, 0), q.opts.MaxCrashes, strings.Join(inOrder(j.Needs), ","))
	if err != nil {
		return EnqueueResult{}, fmt.Errorf("enqueue job %s: %w", j.ID, err)
	}
	if r.code() == "FULL" {
		return EnqueueResult{},
			fmt.Errorf("enqueue job %s: %w: %d jobs are waiting%s", j.ID, ErrFull, q.opts.MaxWaiting, q.fullHint)
	}
	waiting, err := r.number(1)
	if err != nil {
		return EnqueueResult{}, fmt.Errorf("enqueue job %s: %w", j.ID, err)
	}
	return EnqueueResult{Duplicate: r.code() != "OK", Cancelled: r.code() == "CANCELLED", Position: int(waiting)}, nil
}

// weight is a weight in percent as the scripts need it.
func weight(percent int) int {
	if percent == 0 {
		return 100
	}
	return min(max(percent, 1), 10_000)
}

// reclaimGrace is how long after the start of the epoch the job's renderer may reclaim it, "" for a job without one. In
// the first epoch of an embedded queue no renderer can come: it ended with the process before.
func (q *Queue) reclaimGrace(epoch int64, j Job) string {
	if !j.WasRunning {
		return ""
	}
	if epoch == q.firstEpoch.Load() {
		return "0"
	}
	return strconv.FormatInt(ms(q.opts.ReclaimGrace), 10)
}

// check returns the job as JSON, or what is wrong with it.
func (j Job) check() ([]byte, error) {
	if !plainID.MatchString(j.ID) {
		return nil, errors.New("an id is 1 to 64 letters, digits, dots, dashes and underscores")
	}
	if j.Lane == "" || j.Server == "" || j.User == "" {
		return nil, errors.New("lane, server and user are required")
	}
	for _, sha := range j.Inputs {
		if !plainSHA.MatchString(sha) {
			return nil, fmt.Errorf("input %q is not a SHA-256", sha)
		}
	}
	if err := j.checkNeeds(); err != nil {
		return nil, err
	}
	payload, err := encode(j)
	if err != nil {
		return nil, err
	}
	if len(payload) > maxPayload {
		return nil, fmt.Errorf("%d bytes, at most %d", len(payload), maxPayload)
	}
	return payload, nil
}

// maxNeeds is how many add-ons a job may need: far more than a prompt has room for.
const maxNeeds = 256

// checkNeeds checks that needs and lane agree.
func (j Job) checkNeeds() error {
	if named := baseLane(j.Lane) != j.Lane; named != (len(j.Needs) > 0) {
		return fmt.Errorf("lane %q and %d needs: want a lane of three parts for a job with needs only", j.Lane, len(j.Needs))
	}
	if len(j.Needs) > maxNeeds {
		return fmt.Errorf("%d needs, at most %d", len(j.Needs), maxNeeds)
	}
	for _, sha := range j.Needs {
		if !plainSHA.MatchString(sha) {
			return fmt.Errorf("need %q is not a SHA-256", sha)
		}
	}
	return nil
}

// encode writes JSON without HTML escapes, so that a Spec inside keeps the bytes of its hash.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// inOrder returns each hash once, in order.
func inOrder(hashes []string) []string {
	all := slices.Clone(hashes)
	slices.Sort(all)
	return slices.Compact(all)
}

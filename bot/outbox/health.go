package outbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"darkroom/queue"
)

// settingsTimeout is how long Redis may take to tell its settings.
const settingsTimeout = 5 * time.Second

// checkedQueue is what the health checks need of the queue.
type checkedQueue interface {
	Ping(ctx context.Context) error
	Check(ctx context.Context) (warnings []string, err error)
	Verify(ctx context.Context) (lost string, err error)
	Counts(ctx context.Context) (waiting, running int, err error)
	InProcess() bool
}

// countedJobs tells how many jobs SQL believes to be in the queue.
type countedJobs interface {
	CountQueued(ctx context.Context, epoch int64) (int, error)
}

// healthCheck looks at the Redis server while the bot runs: at its settings, because it may have come late, been
// replaced or been set otherwise, and at its data, because a server that evicts keys loses some without a restart.
type healthCheck struct {
	queue  checkedQueue
	db     countedJobs
	verify time.Duration // how often the data is looked at
	every  time.Duration // how often the settings are looked at
	now    func() time.Time
	log    *slog.Logger

	settingsAt time.Time // when the settings were looked at last; zero: look now
	verifiedAt time.Time
	warned     []string
	lacked     bool // the last look found fewer jobs than SQL has

	unsuitable bool // the server may evict keys, or is too old
	mostJobs   int  // how many jobs a server gets that evicted keys; 0: no limit
}

// leastJobs is how many jobs every server gets, however little memory it has.
const leastJobs = 32

// lost notes that the server lost keys while it was given a number of jobs. If its settings allow it to evict keys, it
// gets half as many from now on: with too many it would evict some at each filling, and nothing would be rendered.
func (h *healthCheck) lost(jobs int) {
	if h.unsuitable {
		h.mostJobs = max(leastJobs, cmp.Or(h.mostJobs, jobs)/2)
	}
}

// room returns how many more jobs the queue may get, at most limit.
func (h *healthCheck) room(ctx context.Context, limit int) (int, error) {
	if h.mostJobs == 0 {
		return limit, nil
	}
	waiting, running, err := h.queue.Counts(ctx)
	return min(limit, max(0, h.mostJobs-waiting-running)), err
}

// reconnected has the settings looked at again: this may be another server.
func (h *healthCheck) reconnected() { h.settingsAt = time.Time{} }

// settings logs what is wrong with the server's settings: what makes it unusable each time, a warning once.
func (h *healthCheck) settings(ctx context.Context) {
	now := h.now()
	if h.queue.InProcess() || !h.settingsAt.IsZero() && now.Sub(h.settingsAt) < h.every {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settingsTimeout)
	defer cancel()
	if h.queue.Ping(ctx) != nil {
		return // the relay says so
	}
	warnings, err := h.queue.Check(ctx)
	h.settingsAt, h.unsuitable = now, err != nil
	if err == nil {
		h.mostJobs = 0
	} else {
		h.log.Error("this Redis must not be used: it may lose jobs that were accepted", "error", err)
	}
	if !slices.Equal(warnings, h.warned) {
		for _, warning := range warnings {
			h.log.Warn("redis should have other settings", "warning", warning)
		}
	}
	h.warned = warnings
}

// data looks for keys that the server has lost, and compares how many jobs the queue has with SQL. It returns
// queue.ErrEpoch if the queue cannot be trusted any more, and true if it twice had fewer jobs than SQL: jobs have
// vanished, or their ends were told while nobody listened.
func (h *healthCheck) data(ctx context.Context, epoch int64) (lacks bool, err error) {
	now := h.now()
	if now.Sub(h.verifiedAt) < h.verify {
		return false, nil
	}
	h.verifiedAt = now
	if !h.queue.InProcess() { // there nothing is evicted
		lost, err := h.queue.Verify(ctx)
		if err != nil {
			return false, err
		}
		if lost != "" {
			return false, queue.ErrEpoch
		}
	}
	want, err := h.db.CountQueued(ctx, epoch)
	if err != nil {
		return false, err
	}
	waiting, running, err := h.queue.Counts(ctx)
	if err != nil {
		return false, err
	}
	before := h.lacked
	h.lacked = want > waiting+running
	return h.lacked && before, nil
}

// errLostAgain means that the queue lost keys again soon after an epoch began because of that.
var errLostAgain = errors.New("redis keeps losing keys: is its memory full, and its maxmemory-policy not noeviction?")

// noteLost notes that the server lost keys. It may have done so while it was being filled, before SQL knew of the jobs.
func (o *Outbox) noteLost(ctx context.Context) {
	jobs := relayBatch
	if epoch, err := o.db.CurrentEpoch(ctx, o.opts.Pool); err == nil {
		if n, err := o.db.CountQueued(ctx, epoch); err == nil {
			jobs = max(jobs, n)
		}
	}
	o.health.lost(jobs)
}

package worker

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"image"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/render/safety"
)

// Leaser is the part of the queue that leases jobs.
type Leaser interface {
	Reserve(ctx context.Context, slot, nonce string, o queue.Capacity) ([]queue.Lease, error)
	Heartbeat(ctx context.Context, slot string, held []queue.HeldLease) ([]queue.Verdict, error)
	Reclaim(ctx context.Context, slot string, l queue.Lease) (queue.Lease, queue.Verdict, error)
	Reap(ctx context.Context) (int, error)
}

// LeaseEnder is the part of the queue that is told how a job ended.
type LeaseEnder interface {
	Done(ctx context.Context, l queue.Lease, actualMillis int64, o queue.Outcome) (queue.Verdict, error)
	Fail(ctx context.Context, l queue.Lease, reason string, retry bool) (final bool, err error)
	Crashed(ctx context.Context, l queue.Lease, reason string) (final bool, err error)
}

// LeaseReleaser is the part of the queue that takes back a job that was not finished.
type LeaseReleaser interface {
	Release(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Postpone(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	ConfirmCancel(ctx context.Context, l queue.Lease) (queue.Verdict, error)
}

// Queue is the queue as a worker needs it.
type Queue interface {
	Leaser
	LeaseEnder
	LeaseReleaser
	Seal(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Watch(ctx context.Context, from string, handle func(queue.Event) error) error
}

// Renderer renders. It checks ctx at each step and returns soon after it ended. If it does not, or if it stops calling
// progress, it is taken for hung. It may call progress as often as it likes, with the same percent too, but only after
// real work. Progress never blocks. Preview is called from another goroutine, later or never, and may be nil.
type Renderer interface {
	Render(ctx context.Context, l queue.Lease, progress func(percent int, preview func() image.Image)) (Result, error)
}

// BatchRenderer is a Renderer that can render the jobs of a batch together and share the work that is the same for all.
type BatchRenderer interface {
	// BeginBatch is told which jobs were leased together, before any of them is rendered. Render is then called for them
	// at the same time, at most once for each. Over is called for each job as soon as it is not rendered any more.
	BeginBatch(jobs []string) (over func(job string))
}

// Result is what Render made.
type Result struct {
	Images []Image
	Millis map[string]int64 // milliseconds by stage: load, encode, denoise, decode
}

// Image is one finished image.
type Image struct {
	Name string
	Data []byte // encoded
	File queue.File
	// Safety is what the safety checker says of it; nil without one.
	Safety *safety.Verdict
}

// Poster posts to the person who asked. Its errors are transient unless they are Final. A removed message is an
// outcome, not an error.
type Poster interface {
	// FindPosted tells whether the job's message already has its result.
	FindPosted(ctx context.Context, j queue.Job) (found bool, out queue.Outcome, err error)
	// Progress shows how far a job is. There is never more than one call at a time, and none after Post.
	Progress(ctx context.Context, j queue.Job, percent int, preview func() image.Image) error
	// Post shows the result. It may be called again after an error.
	Post(ctx context.Context, j queue.Job, m Result) (queue.Outcome, error)
	// PostFailure says that the job has failed.
	PostFailure(ctx context.Context, j queue.Job, reason string) error
}

// Options of a Worker. Except for Slot and Lanes, the zero value of a field means the value in its comment. The program
// sets Lease, Heartbeat, Grace and HangTimeout from its settings, whose defaults are in config/settings.go.
type Options struct {
	Slot        string              // the renderer's name, unique in its pool
	Lanes       func() []queue.Lane // the lanes it can take now, the preferred first
	Addons      func() queue.Addons // the add-ons that it has now; nil for none
	Lease       time.Duration       // 30 s; the same as the queue's
	Heartbeat   time.Duration       // 8 s, plus or minus a fifth
	Grace       time.Duration       // 15 s to finish a job when the process stops
	HangTimeout time.Duration       // 2 min; rendering without progress for this time, and for twice its estimate, hangs
	MaxBatch    int                 // 1; limit of jobs that are leased together
	Poll        time.Duration       // 2 s; an idle worker asks at least this often
	// Idle does a piece of work that can wait, and tells whether there is more. It is called while there is no job. Its
	// context ends as soon as there is one, and the job waits until it returns. nil for nothing to do.
	Idle      func(ctx context.Context) (more bool)
	IdleAfter time.Duration // 10 s without a job before Idle is called
	Log       *slog.Logger  // none
}

func (o Options) withDefaults() Options {
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.Heartbeat = cmp.Or(o.Heartbeat, 8*time.Second)
	o.Grace = cmp.Or(o.Grace, 15*time.Second)
	o.HangTimeout = cmp.Or(o.HangTimeout, 2*time.Minute)
	o.MaxBatch = max(o.MaxBatch, 1)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.IdleAfter = cmp.Or(o.IdleAfter, 10*time.Second)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return o
}

// Worker runs one job at a time, or one batch.
type Worker struct {
	Queue    Queue
	Renderer Renderer
	Poster   Poster
	Options  Options
}

// Run runs jobs until ctx ends and the last job is finished, or released after Grace. It returns ErrHung when rendering
// neither goes on nor stops: the queue has been told, but only the end of the process frees it. Any other error says
// that a part of the worker is missing.
func (w Worker) Run(ctx context.Context) error {
	switch {
	case w.Queue == nil || w.Renderer == nil || w.Poster == nil:
		return errors.New("worker: queue, renderer and poster are required")
	case w.Options.Slot == "" || w.Options.Lanes == nil:
		return errors.New("worker: slot and lanes are required")
	}
	w.Options = w.Options.withDefaults()
	l := &loop{Worker: w, wake: make(chan struct{}, 1), nonce: rand.Text(), idle: newIdleWork(w.Options)}
	// The worker still learns of cancels while it finishes the last job.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.Queue.Watch(background, "", l.handleEvent) }) // ends with background only
	wg.Go(func() { l.reap(background) })
	err := l.run(ctx)
	l.releaseUnanswered(background)
	stop()
	wg.Wait()
	return err
}

// loop is a running Worker.
type loop struct {
	Worker
	wake        chan struct{} // a value when there may be a job
	nonce       string        // of the next call to Reserve; kept until a call is answered
	unanswered  bool          // a call to Reserve was not answered: it may have leased jobs
	errorLogged bool          // an error of the queue was logged
	idle        *idleWork

	mu   sync.Mutex
	runs []*jobRun // the jobs of the batch
}

// run runs one batch after another.
func (l *loop) run(ctx context.Context) error {
	for ctx.Err() == nil {
		leases, err := l.reserve(ctx)
		switch {
		case err != nil:
			l.logReserveError(ctx, err)
			l.wait(ctx)
		case len(leases) == 0:
			l.idle.begin(ctx)
			l.wait(ctx)
		default:
			if err := l.endIdle(ctx, leases); err != nil {
				return err
			}
			if err := l.runBatch(ctx, leases); err != nil {
				return err
			}
			l.idle.postpone()
		}
	}
	return l.idle.end()
}

// endIdle ends the work of idle time before jobs are run. If it hangs, they are released.
func (l *loop) endIdle(ctx context.Context, leases []queue.Lease) error {
	err := l.idle.end()
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Options.Heartbeat)
	defer cancel()
	for _, lease := range leases {
		if _, releaseErr := l.Queue.Release(ctx, lease); releaseErr != nil {
			l.Options.Log.Debug("cannot release a lease", "job", lease.Job.ID, "error", releaseErr) // its lease runs out
		}
	}
	return err
}

// reserve leases jobs, or none. A call that was not answered is repeated with its nonce: otherwise no renderer would
// run its jobs until their leases end. For the same reason the end of the process does not stop a call.
func (l *loop) reserve(ctx context.Context) ([]queue.Lease, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Options.Heartbeat)
	defer cancel()
	l.unanswered = true
	capacity := queue.Capacity{Lanes: l.Options.Lanes(), MaxJobs: l.Options.MaxBatch}
	if l.Options.Addons != nil {
		capacity.Addons = l.Options.Addons()
	}
	leases, err := l.Queue.Reserve(ctx, l.Options.Slot, l.nonce, capacity)
	if err != nil {
		return nil, err
	}
	l.nonce, l.errorLogged, l.unanswered = rand.Text(), false, false
	return leases, nil
}

// releaseUnanswered releases, at the end, the jobs that an unanswered call may have leased.
func (l *loop) releaseUnanswered(ctx context.Context) {
	if !l.unanswered {
		return
	}
	leases, err := l.reserve(ctx)
	for _, lease := range leases {
		if err == nil {
			_, err = l.Queue.Release(ctx, lease)
		}
	}
	if err != nil {
		l.Options.Log.Debug("cannot release the leases of an unanswered call", "error", err) // its lease runs out
	}
}

// logReserveError logs the first of several errors in a row. It is no error that the queue has no epoch: the bot begins
// one.
func (l *loop) logReserveError(ctx context.Context, err error) {
	if !l.errorLogged && ctx.Err() == nil && !errors.Is(err, queue.ErrEpoch) {
		l.Options.Log.Warn("cannot reserve jobs", "renderer", l.Options.Slot, "error", err)
		l.errorLogged = true
	}
}

// wait waits until there may be a job, but no longer than Poll.
func (l *loop) wait(ctx context.Context) {
	t := time.NewTimer(jitter(l.Options.Poll))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}

// handleEvent handles a cancel of a running job, and events after which there may be a job.
func (l *loop) handleEvent(e queue.Event) error {
	switch e.Kind {
	case queue.CancelRequested:
		l.mu.Lock()
		for _, run := range l.runs {
			if run.job.ID == e.Job {
				run.cancelRender(ErrCancelled)
			}
		}
		l.mu.Unlock()
	case queue.JobQueued, queue.EpochBegan, queue.PausesChanged,
		queue.JobDone, queue.JobFailed, queue.JobCancelled: // an end may let the user's next job start
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// reap cleans up after renderers that were lost.
func (l *loop) reap(ctx context.Context) {
	for backoff.Sleep(ctx, jitter(l.Options.Poll)) == nil {
		if _, err := l.Queue.Reap(ctx); err != nil {
			l.Options.Log.Debug("cannot reap", "error", err) // run meets the same error and logs it
		}
	}
}

// jitter changes l by up to a fifth, so that workers do not run in step.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*mathrand.Float64()))
}

var _ Queue = (*queue.Queue)(nil)

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
)

// Lender is the side of the queue that gives jobs out.
type Leaser interface {
	Reserve(ctx context.Context, slot, nonce string, o queue.Capacity) ([]queue.Lease, error)
	Heartbeat(ctx context.Context, slot string, held []queue.HeldLease) ([]queue.Verdict, error)
	Reap(ctx context.Context) (int, error)
}

// Ender is the side of the queue that hears how a job went.
type LeaseEnder interface {
	Done(ctx context.Context, l queue.Lease, actualMillis int64, o queue.Outcome) (queue.Verdict, error)
	Fail(ctx context.Context, l queue.Lease, reason string, retry bool) (final bool, err error)
	Crashed(ctx context.Context, l queue.Lease, reason string) (final bool, err error)
	Release(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Postpone(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	ConfirmCancel(ctx context.Context, l queue.Lease) (queue.Verdict, error)
}

// Jobs is the queue as a bench sees it.
type Queue interface {
	Leaser
	LeaseEnder
	Seal(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Reclaim(ctx context.Context, slot string, l queue.Lease) (queue.Lease, queue.Verdict, error)
	Watch(ctx context.Context, from string, what func(queue.Event) error) error
}

// Painter paints. It looks at ctx each step and returns soon after it ended; one that does not is taken for hung, and so is
// one that calls progress no more. Progress may be called as often as it likes, with the same percent too, but only where
// something was done, and never blocks; preview is called from another goroutine, later or never, and may be nil.
type Renderer interface {
	Render(ctx context.Context, l queue.Lease, progress func(percent int, preview func() image.Image)) (Result, error)
}

// Gatherer is a Painter that can paint the jobs of a batch at the same time, sharing the work that is the same for all.
type BatchRenderer interface {
	// Gather is told of jobs that were leased together before any of them is painted. Paint is then called for them at the
	// same time, for each once at most; over is called for each as soon as it is known that it is not painted any more.
	BeginBatch(jobs []string) (over func(job string))
}

// Made is what Paint made.
type Result struct {
	Images []Image
	Millis map[string]int64 // milliseconds by stage: load, encode, denoise, decode
}

// Picture is one finished tile.
type Image struct {
	Name string
	Data []byte // encoded
	File queue.File
}

// Poster talks to the person who asked. Its errors are transient unless they are Final. That the message was removed is
// an outcome, not an error.
type Poster interface {
	// Look tells whether the job's message already carries its result.
	FindPosted(ctx context.Context, j queue.Job) (found bool, out queue.Outcome, err error)
	// Progress shows how far a picture is. It is never called twice at once, nor after Post.
	Progress(ctx context.Context, j queue.Job, percent int, preview func() image.Image) error
	// Post shows the result. It may be called again after an error.
	Post(ctx context.Context, j queue.Job, m Result) (queue.Outcome, error)
	// Sorry says that the job is given up.
	PostFailure(ctx context.Context, j queue.Job, reason string) error
}

// Options of a Bench. The zero value of each field but Slot and Lanes is the value named beside it.
type Options struct {
	Slot        string              // the renderer's name, its own among all of a pool
	Lanes       func() []queue.Lane // the lanes it can take now, the preferred first
	Lease       time.Duration       // 30 s; as the queue's
	Heartbeat   time.Duration       // 8 s, give or take a fifth
	Grace       time.Duration       // 15 s to finish a picture when the process stops
	HangTimeout time.Duration       // 2 min; a painting that stands still for so long, and for twice its estimate, hangs
	MaxBatch    int                 // 1; jobs that are leased together, of one batch. They are painted in turn, or at once by a Gatherer
	Poll        time.Duration       // 2 s; an idle bench asks at least so often
	Log         *slog.Logger        // nothing
}

func (o Options) withDefaults() Options {
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.Heartbeat = cmp.Or(o.Heartbeat, 8*time.Second)
	o.Grace = cmp.Or(o.Grace, 15*time.Second)
	o.HangTimeout = cmp.Or(o.HangTimeout, 2*time.Minute)
	o.MaxBatch = max(o.MaxBatch, 1)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return o
}

// Bench is a place where one picture at a time is painted, or a batch of them.
type Worker struct {
	Queue    Queue
	Renderer Renderer
	Poster   Poster
	Options  Options
}

// Run works until ctx ends and the job in hand is finished, or given back after Grace. It returns ErrHung when a painting
// neither goes on nor stops: the queue has heard of it, but only another process gets rid of it. Any other error is of
// a bench that lacks a part.
func (b Worker) Run(ctx context.Context) error {
	switch {
	case b.Queue == nil || b.Renderer == nil || b.Poster == nil:
		return errors.New("a bench needs a queue, a painter and a poster")
	case b.Options.Slot == "" || b.Options.Lanes == nil:
		return errors.New("a bench needs a slot and its lanes")
	}
	b.Options = b.Options.withDefaults()
	d := &loop{Worker: b, wake: make(chan struct{}, 1), nonce: rand.Text()}
	background, stop := context.WithCancel(context.WithoutCancel(ctx)) // still heard of cancels while the last job is finished
	var wg sync.WaitGroup
	wg.Go(func() { _ = b.Queue.Watch(background, "", d.handleEvent) }) // ends with aside only
	wg.Go(func() { d.reap(background) })
	err := d.run(ctx)
	d.releaseUnanswered(background)
	stop()
	wg.Wait()
	return err
}

// day is a Bench at work.
type loop struct {
	Worker
	wake        chan struct{} // rings when a job may be had
	nonce       string        // of the next call to Reserve; kept until a call was answered
	unanswered  bool          // a call to Reserve was not answered: it may have lent something
	errorLogged bool          // the queue's trouble was logged

	mu   sync.Mutex
	runs []*jobRun // the jobs in hand
}

// work serves one hand of jobs after the other.
func (d *loop) run(ctx context.Context) error {
	for ctx.Err() == nil {
		leases, err := d.reserve(ctx)
		switch {
		case err != nil:
			d.logReserveError(ctx, err)
			d.wait(ctx)
		case len(leases) == 0:
			d.wait(ctx)
		default:
			if err := d.runBatch(ctx, leases); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reserves jobs, or none. A call that was not answered is repeated under its nonce, or its jobs would be held by
// nobody until the lease ran out; for the same reason the end of the process does not cut a call short.
func (d *loop) reserve(ctx context.Context) ([]queue.Lease, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Options.Heartbeat)
	defer cancel()
	d.unanswered = true
	leases, err := d.Queue.Reserve(ctx, d.Options.Slot, d.nonce, queue.Capacity{Lanes: d.Options.Lanes(), MaxJobs: d.Options.MaxBatch})
	if err != nil {
		return nil, err
	}
	d.nonce, d.errorLogged, d.unanswered = rand.Text(), false, false
	return leases, nil
}

// settle gives back, at the end of the day, what a call that was not answered may have lent.
func (d *loop) releaseUnanswered(ctx context.Context) {
	if !d.unanswered {
		return
	}
	leases, err := d.reserve(ctx)
	for _, l := range leases {
		if err == nil {
			_, err = d.Queue.Release(ctx, l)
		}
	}
	if err != nil {
		d.Options.Log.Debug("what was lent last was not given back", "err", err) // its lease runs out
	}
}

// trouble logs the first of a row of errors. An emptied queue is no trouble: its owner fills it again.
func (d *loop) logReserveError(ctx context.Context, err error) {
	if !d.errorLogged && ctx.Err() == nil && !errors.Is(err, queue.ErrEpoch) {
		d.Options.Log.Warn("no jobs can be had from the queue", "slot", d.Options.Slot, "err", err)
		d.errorLogged = true
	}
}

// wait waits for the bell, but no longer than Poll.
func (d *loop) wait(ctx context.Context) {
	t := time.NewTimer(jitter(d.Options.Poll))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-d.wake:
	case <-t.C:
	}
}

// hear takes an event off the stream: a cancel of a job in hand, or a hint that one may be had.
func (d *loop) handleEvent(e queue.Event) error {
	switch e.Kind {
	case queue.CancelRequested:
		d.mu.Lock()
		for _, t := range d.runs {
			if t.job.ID == e.Job {
				t.cancelRender(ErrCancelled)
			}
		}
		d.mu.Unlock()
	case queue.JobQueued, queue.JobDone, queue.JobFailed, queue.JobCancelled, queue.EpochBegan, queue.PausesChanged: // an end may let its user's next job start
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// reap clears up after benches that were lost.
func (d *loop) reap(ctx context.Context) {
	for {
		t := time.NewTimer(jitter(d.Options.Poll))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		if _, err := d.Queue.Reap(ctx); err != nil {
			d.Options.Log.Debug("reap", "err", err) // work meets the same trouble and says so
		}
	}
}

// jitter moves d by up to a fifth, so that benches do not march in step.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*mathrand.Float64()))
}

var _ Queue = (*queue.Queue)(nil)

package work

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
type Lender interface {
	Reserve(ctx context.Context, slot, nonce string, o queue.Offer) ([]queue.Lease, error)
	Beat(ctx context.Context, slot string, held []queue.Held) ([]queue.Verdict, error)
	Reap(ctx context.Context) (int, error)
}

// Ender is the side of the queue that hears how a job went.
type Ender interface {
	Done(ctx context.Context, l queue.Lease, actualMillis int64, o queue.Outcome) (queue.Verdict, error)
	Fail(ctx context.Context, l queue.Lease, reason string, retry bool) (final bool, err error)
	Crashed(ctx context.Context, l queue.Lease, reason string) (final bool, err error)
	Release(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Postpone(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Stopped(ctx context.Context, l queue.Lease) (queue.Verdict, error)
}

// Jobs is the queue as a bench sees it.
type Jobs interface {
	Lender
	Ender
	Seal(ctx context.Context, l queue.Lease) (queue.Verdict, error)
	Adopt(ctx context.Context, slot string, l queue.Lease) (queue.Lease, queue.Verdict, error)
	Watch(ctx context.Context, from string, what func(queue.Event) error) error
}

// Painter paints. It looks at ctx each step and returns soon after it ended; one that does not is taken for hung, and so is
// one that calls progress no more. Progress may be called as often as it likes, with the same percent too, but only where
// something was done, and never blocks; preview is called from another goroutine, later or never, and may be nil.
type Painter interface {
	Paint(ctx context.Context, l queue.Lease, progress func(percent int, preview func() image.Image)) (Made, error)
}

// Gatherer is a Painter that can paint the jobs of a batch at the same time, sharing the work that is the same for all.
type Gatherer interface {
	// Gather is told of jobs that were leased together before any of them is painted. Paint is then called for them at the
	// same time, for each once at most; over is called for each as soon as it is known that it is not painted any more.
	Gather(jobs []string) (over func(job string))
}

// Made is what Paint made.
type Made struct {
	Files  []Picture
	Millis map[string]int64 // milliseconds by stage: load, encode, denoise, decode
}

// Picture is one finished tile.
type Picture struct {
	Name string
	Data []byte // encoded
	File queue.File
}

// Poster talks to the person who asked. Its errors are transient unless they are Final. That the message was removed is
// an outcome, not an error.
type Poster interface {
	// Look tells whether the job's message already carries its result.
	Look(ctx context.Context, j queue.Job) (found bool, out queue.Outcome, err error)
	// Progress shows how far a picture is. It is never called twice at once, nor after Post.
	Progress(ctx context.Context, j queue.Job, percent int, preview func() image.Image) error
	// Post shows the result. It may be called again after an error.
	Post(ctx context.Context, j queue.Job, m Made) (queue.Outcome, error)
	// Sorry says that the job is given up.
	Sorry(ctx context.Context, j queue.Job, reason string) error
}

// Options of a Bench. The zero value of each field but Slot and Lanes is the value named beside it.
type Options struct {
	Slot  string              // the renderer's name, its own among all of a pool
	Lanes func() []queue.Lane // the lanes it can take now, the preferred first
	Lease time.Duration       // 30 s; as the queue's
	Beat  time.Duration       // 8 s, give or take a fifth
	Grace time.Duration       // 15 s to finish a picture when the process stops
	Hang  time.Duration       // 2 min; a painting that stands still for so long, and for twice its estimate, hangs
	Batch int                 // 1; jobs that are leased together, of one batch. They are painted in turn, or at once by a Gatherer
	Poll  time.Duration       // 2 s; an idle bench asks at least so often
	Log   *slog.Logger        // nothing
}

func (o Options) filled() Options {
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.Beat = cmp.Or(o.Beat, 8*time.Second)
	o.Grace = cmp.Or(o.Grace, 15*time.Second)
	o.Hang = cmp.Or(o.Hang, 2*time.Minute)
	o.Batch = max(o.Batch, 1)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return o
}

// Bench is a place where one picture at a time is painted, or a batch of them.
type Bench struct {
	Queue   Jobs
	Paint   Painter
	Post    Poster
	Options Options
}

// Run works until ctx ends and the job in hand is finished, or given back after Grace. It returns ErrHung when a painting
// neither goes on nor stops: the queue has heard of it, but only another process gets rid of it. Any other error is of
// a bench that lacks a part.
func (b Bench) Run(ctx context.Context) error {
	switch {
	case b.Queue == nil || b.Paint == nil || b.Post == nil:
		return errors.New("a bench needs a queue, a painter and a poster")
	case b.Options.Slot == "" || b.Options.Lanes == nil:
		return errors.New("a bench needs a slot and its lanes")
	}
	b.Options = b.Options.filled()
	d := &day{Bench: b, bell: make(chan struct{}, 1), nonce: rand.Text()}
	aside, stop := context.WithCancel(context.WithoutCancel(ctx)) // still heard of cancels while the last job is finished
	var wg sync.WaitGroup
	wg.Go(func() { _ = b.Queue.Watch(aside, "", d.hear) }) // ends with aside only
	wg.Go(func() { d.reap(aside) })
	err := d.work(ctx)
	d.settle(aside)
	stop()
	wg.Wait()
	return err
}

// day is a Bench at work.
type day struct {
	Bench
	bell  chan struct{} // rings when a job may be had
	nonce string        // of the next call to Reserve; kept until a call was answered
	asked bool          // a call to Reserve was not answered: it may have lent something
	quiet bool          // the queue's trouble was logged

	mu   sync.Mutex
	hand []*turn // the jobs in hand
}

// work serves one hand of jobs after the other.
func (d *day) work(ctx context.Context) error {
	for ctx.Err() == nil {
		leases, err := d.next(ctx)
		switch {
		case err != nil:
			d.trouble(ctx, err)
			d.wait(ctx)
		case len(leases) == 0:
			d.wait(ctx)
		default:
			if err := d.serve(ctx, leases); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reserves jobs, or none. A call that was not answered is repeated under its nonce, or its jobs would be held by
// nobody until the lease ran out; for the same reason the end of the process does not cut a call short.
func (d *day) next(ctx context.Context) ([]queue.Lease, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Options.Beat)
	defer cancel()
	d.asked = true
	leases, err := d.Queue.Reserve(ctx, d.Options.Slot, d.nonce, queue.Offer{Lanes: d.Options.Lanes(), Max: d.Options.Batch})
	if err != nil {
		return nil, err
	}
	d.nonce, d.quiet, d.asked = rand.Text(), false, false
	return leases, nil
}

// settle gives back, at the end of the day, what a call that was not answered may have lent.
func (d *day) settle(ctx context.Context) {
	if !d.asked {
		return
	}
	leases, err := d.next(ctx)
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
func (d *day) trouble(ctx context.Context, err error) {
	if !d.quiet && ctx.Err() == nil && !errors.Is(err, queue.ErrEpoch) {
		d.Options.Log.Warn("no jobs can be had from the queue", "slot", d.Options.Slot, "err", err)
		d.quiet = true
	}
}

// wait waits for the bell, but no longer than Poll.
func (d *day) wait(ctx context.Context) {
	t := time.NewTimer(jitter(d.Options.Poll))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-d.bell:
	case <-t.C:
	}
}

// hear takes an event off the stream: a cancel of a job in hand, or a hint that one may be had.
func (d *day) hear(e queue.Event) error {
	switch e.Kind {
	case queue.Cancel:
		d.mu.Lock()
		for _, t := range d.hand {
			if t.job.ID == e.Job {
				t.cancelled(ErrCancelled)
			}
		}
		d.mu.Unlock()
	case queue.Queued, queue.Done, queue.Failed, queue.Gone, queue.NewEpoch, queue.Pausing: // an end may let its user's next job start
		select {
		case d.bell <- struct{}{}:
		default:
		}
	}
	return nil
}

// reap clears up after benches that were lost.
func (d *day) reap(ctx context.Context) {
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

var _ Jobs = (*queue.Queue)(nil)

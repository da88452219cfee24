package render

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"darkroom/render/tensor"
)

// Seat is one painting's place among several that are made at the same time. Whenever all of them wait for the UNet,
// the runs that agree (in model, size, training time and length of the prompts) are made as one, the others in turn.
// What comes of it is what would come without, but for the network's own rounding.
//
// A painting that ends, one way or another, gives its seat up; a cancel of one holds no other back and stops none.
type BatchSlot struct {
	batch *batch
	once  sync.Once
}

// Sit lays seats for n paintings that begin together. Each one must be painted with or left: until then the others wait.
func NewBatch(n int) []*BatchSlot {
	s := &batch{slots: n}
	slots := make([]*BatchSlot, n)
	for i := range slots {
		slots[i] = &BatchSlot{batch: s}
	}
	return slots
}

// Leave gives the seat up. It may be called often, and on nil.
func (s *BatchSlot) Release() {
	if s != nil {
		s.once.Do(s.batch.release)
	}
}

// seated is the UNet as a painting with a seat calls it.
type batchedUnet struct {
	*BatchSlot
	unet    Unet
	maxRows int // rows of these latents that may share a run
}

// unet is the one that a painting calls for latents of that height and width.
func (p *run) unetFor(height, width int) Unet {
	if p.job.Slot == nil {
		return splittingUnet{p.memory, p.net}
	}
	pixels := height * width * p.parts.Config.PixelsPerLatent * p.parts.Config.PixelsPerLatent
	return batchedUnet{p.job.Slot, splittingUnet{p.memory, p.net}, 2 * p.options.BatchPixels / pixels} // twice: with and without the prompt
}

// Unet waits until every seat has a run to make or is given up, and answers this painting's part.
func (s batchedUnet) Unet(ctx context.Context, latents tensor.Tensor, time float64, conditioning Conditioning) (tensor.Tensor, error) {
	a := &unetRequest{batchedUnet: s, ctx: ctx, latents: latents, time: time, conditioning: conditioning, result: make(chan unetResult, 1)}
	s.batch.add(a)
	select {
	case got := <-a.result:
		if got.panicked != nil {
			panic(got.panicked)
		}
		return got.out, got.err
	case <-ctx.Done(): // the others go on once this painting has left
		s.batch.remove(a)
		return tensor.Tensor{}, context.Cause(ctx)
	}
}

// ask is a run of the UNet that one painting waits for.
type unetRequest struct {
	batchedUnet
	ctx          context.Context
	latents      tensor.Tensor
	time         float64
	conditioning Conditioning
	result       chan unetResult // holds one
}

type unetResult struct {
	out      tensor.Tensor
	err      error
	panicked any
}

// sitting is where the runs of several paintings meet.
type batch struct {
	mu      sync.Mutex
	slots   int // seats
	waiting []*unetRequest
}

func (s *batch) add(a *unetRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, a)
	s.runIfReady()
}

func (s *batch) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots--
	s.runIfReady()
}

// drop forgets a run that was not begun.
func (s *batch) remove(a *unetRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *unetRequest) bool { return w == a })
}

// begin makes the runs once all have come. They are made aside, so that whoever is cancelled need not wait for them; they
// end by themselves, at the latest when nobody waits any more.
func (s *batch) runIfReady() {
	if len(s.waiting) == 0 || len(s.waiting) < s.slots {
		return
	}
	requests := s.waiting
	s.waiting = nil
	go func() {
		for len(requests) > 0 {
			var together []*unetRequest
			together, requests = takeCompatible(requests)
			runTogether(together)
		}
	}()
}

// agreeing takes the asks out that share a run with the first, as many as may.
func takeCompatible(requests []*unetRequest) (together, rest []*unetRequest) {
	first, rows := requests[0], 0
	for _, a := range requests {
		n := a.latents.Batch()
		if len(together) > 0 && (!first.compatible(a) || rows+n > first.maxRows) {
			rest = append(rest, a)
			continue
		}
		together, rows = append(together, a), rows+n
	}
	return together, rest
}

// agrees tells whether two asks can be one run.
func (a *unetRequest) compatible(b *unetRequest) bool {
	same := func(t, u tensor.Tensor) bool {
		return t.Empty() == u.Empty() && (t.Empty() || slices.Equal(t.Shape[1:], u.Shape[1:]))
	}
	return a.unet == b.unet && a.time == b.time && same(a.latents, b.latents) && same(a.conditioning.Hidden, b.conditioning.Hidden) &&
		same(a.conditioning.Pooled, b.conditioning.Pooled) && same(a.conditioning.TimeIDs, b.conditioning.TimeIDs) && same(a.conditioning.Guidance, b.conditioning.Guidance)
}

// serve answers asks that agree. What goes wrong with all of them at once is tried with each, so that one painting's
// fault is not another's.
func runTogether(requests []*unetRequest) {
	if len(requests) == 1 {
		requests[0].result <- requests[0].run(requests[0].ctx)
		return
	}
	ctx, release := mergeContexts(requests)
	defer release()
	ctx, short := watchLowMemory(ctx)
	joint := merge(requests)
	got := joint.run(ctx)
	if got.err == nil && got.panicked == nil && got.out.Batch() != joint.latents.Batch() {
		got.err = fmt.Errorf("the UNet answers shape %v to a batch of %v", got.out.Shape, joint.latents.Shape)
	}
	from := 0
	for _, a := range requests {
		if short.Load() {
			markLowMemory(a.ctx)
		}
		if got.err != nil || got.panicked != nil {
			a.result <- a.run(a.ctx)
			continue
		}
		to := from + a.latents.Batch()
		a.result <- unetResult{out: got.out.Rows(from, to)}
		from = to
	}
}

// run runs the UNet and keeps a panic for whoever asked.
func (a *unetRequest) run(ctx context.Context) (got unetResult) {
	defer func() { got.panicked = recover() }()
	got.out, got.err = a.unet.Unet(ctx, a.latents, a.time, a.conditioning)
	return got
}

// joined is one ask for all of them.
func merge(requests []*unetRequest) *unetRequest {
	stack := func(of func(*unetRequest) tensor.Tensor) tensor.Tensor {
		var parts []tensor.Tensor
		for _, a := range requests {
			parts = append(parts, of(a))
		}
		return tensor.Stack(parts...)
	}
	return &unetRequest{
		batchedUnet: requests[0].batchedUnet, time: requests[0].time,
		latents: stack(func(a *unetRequest) tensor.Tensor { return a.latents }),
		conditioning: Conditioning{
			Hidden:   stack(func(a *unetRequest) tensor.Tensor { return a.conditioning.Hidden }),
			Pooled:   stack(func(a *unetRequest) tensor.Tensor { return a.conditioning.Pooled }),
			TimeIDs:  stack(func(a *unetRequest) tensor.Tensor { return a.conditioning.TimeIDs }),
			Guidance: stack(func(a *unetRequest) tensor.Tensor { return a.conditioning.Guidance }),
		},
	}
}

// lasting returns a context that ends when those of all asks have ended.
func mergeContexts(requests []*unetRequest) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(requests[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(requests)))
	var unwatch []func() bool
	for _, a := range requests {
		unwatch = append(unwatch, context.AfterFunc(a.ctx, func() {
			if left.Add(-1) == 0 {
				cancel(context.Cause(a.ctx))
			}
		}))
	}
	return ctx, func() {
		for _, stop := range unwatch {
			stop()
		}
		cancel(nil)
	}
}

package render

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"darkroom/render/tensor"
)

// BatchMember is one of several runs that share their UNet calls. Whenever all of them wait for the UNet, the
// compatible requests (same model, size, timestep and length of the prompts) become one call; the others follow one
// by one. The results are the same as without a batch, but for the network's own rounding.
//
// A run that ends, with or without success, leaves the batch. Cancelling one run neither delays nor stops another.
type BatchMember struct {
	batch *batch
	once  sync.Once
}

// NewBatch returns a batch of n runs that begin together. Each member must call the UNet or leave: until then the
// others wait.
func NewBatch(n int) []*BatchMember {
	s := &batch{members: n}
	members := make([]*BatchMember, n)
	for i := range members {
		members[i] = &BatchMember{batch: s}
	}
	return members
}

// Leave takes the run out of the batch. It may be called several times, and on nil.
func (s *BatchMember) Leave() {
	if s != nil {
		s.once.Do(s.batch.leave)
	}
}

// batchedUnet is the UNet as a member of a batch calls it.
type batchedUnet struct {
	*BatchMember
	unet    Unet
	maxRows int // rows of these latents that may share a call
}

// unetFor returns the UNet that a run calls for latents of that height and width.
func (p *run) unetFor(height, width int) Unet {
	if p.job.BatchMember == nil {
		return splittingUnet{p.memory, p.net}
	}
	pixels := height * width * p.parts.Config.PixelsPerLatent * p.parts.Config.PixelsPerLatent
	maxRows := 2 * p.options.BatchPixels / pixels // twice: with the prompt and with the negative one
	return batchedUnet{p.job.BatchMember, splittingUnet{p.memory, p.net}, maxRows}
}

// Unet waits until every member has a request or has left, and returns this run's part of the result.
func (s batchedUnet) Unet(
	ctx context.Context, latents tensor.Tensor, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	a := &unetRequest{
		batchedUnet: s, ctx: ctx, latents: latents, time: time, conditioning: conditioning, result: make(chan unetResult, 1),
	}
	s.batch.add(a)
	select {
	case got := <-a.result:
		if got.panicked != nil {
			panic(got.panicked)
		}
		return got.out, got.err
	case <-ctx.Done(): // the others go on once this run has left the batch
		s.batch.remove(a)
		return tensor.Tensor{}, context.Cause(ctx)
	}
}

// unetRequest is a UNet call that one run waits for.
type unetRequest struct {
	batchedUnet
	ctx          context.Context //nolint:containedctx // of the run that waits, while another one renders
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

// batch collects the requests of several runs.
type batch struct {
	mu      sync.Mutex
	members int // that have not left yet
	waiting []*unetRequest
}

func (s *batch) add(a *unetRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, a)
	s.runIfReady()
}

func (s *batch) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members--
	s.runIfReady()
}

// remove drops a request that has not begun.
func (s *batch) remove(a *unetRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *unetRequest) bool { return w == a })
}

// runIfReady makes the calls once every member has a request. They are made on a goroutine of their own, so that a
// cancelled run need not wait for them. It ends when the calls end, at the latest when nobody waits for them any
// more.
func (s *batch) runIfReady() {
	if len(s.waiting) == 0 || len(s.waiting) < s.members {
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

// takeCompatible takes out the requests that can share a call with the first, as many as fit.
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

// compatible says whether two requests can be one call.
func (a *unetRequest) compatible(b *unetRequest) bool {
	same := func(t, u tensor.Tensor) bool {
		return t.Empty() == u.Empty() && (t.Empty() || slices.Equal(t.Shape[1:], u.Shape[1:]))
	}
	c, d := a.conditioning, b.conditioning
	return a.unet == b.unet && a.time == b.time && same(a.latents, b.latents) && same(c.Hidden, d.Hidden) &&
		same(c.Pooled, d.Pooled) && same(c.TimeIDs, d.TimeIDs) && same(c.Guidance, d.Guidance)
}

// runTogether answers compatible requests. If their common call fails, each is tried alone, so that the fault of one
// run is not another's.
func runTogether(requests []*unetRequest) {
	if len(requests) == 1 {
		requests[0].result <- requests[0].run(requests[0].ctx)
		return
	}
	ctx, release := mergeContexts(requests)
	defer release()
	ctx, record := watchMemory(ctx)
	joint := merge(requests)
	got := joint.run(ctx)
	if got.err == nil && got.panicked == nil && got.out.Batch() != joint.latents.Batch() {
		got.err = fmt.Errorf("the UNet returns shape %v for a batch of %v", got.out.Shape, joint.latents.Shape)
	}
	if short, steps := record.read(); short {
		addMemory(requests[0].ctx, steps...) // each step is told once
		for _, a := range requests {
			markLowMemory(a.ctx)
		}
	}
	from := 0
	for _, a := range requests {
		if got.err != nil || got.panicked != nil {
			a.result <- a.run(a.ctx)
			continue
		}
		to := from + a.latents.Batch()
		a.result <- unetResult{out: got.out.Rows(from, to)}
		from = to
	}
}

// run calls the UNet and keeps a panic for the run that asked.
func (a *unetRequest) run(ctx context.Context) (got unetResult) {
	defer func() { got.panicked = recover() }()
	got.out, got.err = a.unet.Unet(ctx, a.latents, a.time, a.conditioning)
	return got
}

// merge makes one request of several.
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

// mergeContexts returns a context that ends when those of all requests have ended.
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

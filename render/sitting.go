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
type Seat struct {
	sitting *sitting
	once    sync.Once
}

// Sit lays seats for n paintings that begin together. Each one must be painted with or left: until then the others wait.
func Sit(n int) []*Seat {
	s := &sitting{taken: n}
	seats := make([]*Seat, n)
	for i := range seats {
		seats[i] = &Seat{sitting: s}
	}
	return seats
}

// Leave gives the seat up. It may be called often, and on nil.
func (s *Seat) Leave() {
	if s != nil {
		s.once.Do(s.sitting.leave)
	}
}

// seated is the UNet as a painting with a seat calls it.
type seated struct {
	*Seat
	unet Unet
	most int // rows of these latents that may share a run
}

// unet is the one that a painting calls for latents of that height and width.
func (p *painting) unet(height, width int) Unet {
	if p.job.Seat == nil {
		return sparing{p.room, p.net}
	}
	pixels := height * width * p.parts.Config.Factor * p.parts.Config.Factor
	return seated{p.job.Seat, sparing{p.room, p.net}, 2 * p.options.BatchPixels / pixels} // twice: with and without the prompt
}

// Unet waits until every seat has a run to make or is given up, and answers this painting's part.
func (s seated) Unet(ctx context.Context, latents tensor.Tensor, time float64, given Given) (tensor.Tensor, error) {
	a := &ask{seated: s, ctx: ctx, latents: latents, time: time, given: given, answer: make(chan answer, 1)}
	s.sitting.join(a)
	select {
	case got := <-a.answer:
		if got.panicked != nil {
			panic(got.panicked)
		}
		return got.out, got.err
	case <-ctx.Done(): // the others go on once this painting has left
		s.sitting.drop(a)
		return tensor.Tensor{}, context.Cause(ctx)
	}
}

// ask is a run of the UNet that one painting waits for.
type ask struct {
	seated
	ctx     context.Context
	latents tensor.Tensor
	time    float64
	given   Given
	answer  chan answer // holds one
}

type answer struct {
	out      tensor.Tensor
	err      error
	panicked any
}

// sitting is where the runs of several paintings meet.
type sitting struct {
	mu      sync.Mutex
	taken   int // seats
	waiting []*ask
}

func (s *sitting) join(a *ask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, a)
	s.begin()
}

func (s *sitting) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	s.begin()
}

// drop forgets a run that was not begun.
func (s *sitting) drop(a *ask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *ask) bool { return w == a })
}

// begin makes the runs once all have come. They are made aside, so that whoever is cancelled need not wait for them; they
// end by themselves, at the latest when nobody waits any more.
func (s *sitting) begin() {
	if len(s.waiting) == 0 || len(s.waiting) < s.taken {
		return
	}
	asked := s.waiting
	s.waiting = nil
	go func() {
		for len(asked) > 0 {
			var together []*ask
			together, asked = agreeing(asked)
			serve(together)
		}
	}()
}

// agreeing takes the asks out that share a run with the first, as many as may.
func agreeing(asked []*ask) (together, rest []*ask) {
	first, rows := asked[0], 0
	for _, a := range asked {
		n := a.latents.Batch()
		if len(together) > 0 && (!first.agrees(a) || rows+n > first.most) {
			rest = append(rest, a)
			continue
		}
		together, rows = append(together, a), rows+n
	}
	return together, rest
}

// agrees tells whether two asks can be one run.
func (a *ask) agrees(b *ask) bool {
	same := func(t, u tensor.Tensor) bool {
		return t.Empty() == u.Empty() && (t.Empty() || slices.Equal(t.Shape[1:], u.Shape[1:]))
	}
	return a.unet == b.unet && a.time == b.time && same(a.latents, b.latents) && same(a.given.Hidden, b.given.Hidden) &&
		same(a.given.Pooled, b.given.Pooled) && same(a.given.TimeIDs, b.given.TimeIDs) && same(a.given.Guidance, b.given.Guidance)
}

// serve answers asks that agree. What goes wrong with all of them at once is tried with each, so that one painting's
// fault is not another's.
func serve(asked []*ask) {
	if len(asked) == 1 {
		asked[0].answer <- asked[0].run(asked[0].ctx)
		return
	}
	ctx, release := lasting(asked)
	defer release()
	ctx, short := marking(ctx)
	joint := joined(asked)
	got := joint.run(ctx)
	if got.err == nil && got.panicked == nil && got.out.Batch() != joint.latents.Batch() {
		got.err = fmt.Errorf("the UNet answers shape %v to a batch of %v", got.out.Shape, joint.latents.Shape)
	}
	from := 0
	for _, a := range asked {
		if short.Load() {
			markShort(a.ctx)
		}
		if got.err != nil || got.panicked != nil {
			a.answer <- a.run(a.ctx)
			continue
		}
		to := from + a.latents.Batch()
		a.answer <- answer{out: got.out.Rows(from, to)}
		from = to
	}
}

// run runs the UNet and keeps a panic for whoever asked.
func (a *ask) run(ctx context.Context) (got answer) {
	defer func() { got.panicked = recover() }()
	got.out, got.err = a.unet.Unet(ctx, a.latents, a.time, a.given)
	return got
}

// joined is one ask for all of them.
func joined(asked []*ask) *ask {
	stack := func(of func(*ask) tensor.Tensor) tensor.Tensor {
		var parts []tensor.Tensor
		for _, a := range asked {
			parts = append(parts, of(a))
		}
		return tensor.Stack(parts...)
	}
	return &ask{
		seated: asked[0].seated, time: asked[0].time,
		latents: stack(func(a *ask) tensor.Tensor { return a.latents }),
		given: Given{
			Hidden:   stack(func(a *ask) tensor.Tensor { return a.given.Hidden }),
			Pooled:   stack(func(a *ask) tensor.Tensor { return a.given.Pooled }),
			TimeIDs:  stack(func(a *ask) tensor.Tensor { return a.given.TimeIDs }),
			Guidance: stack(func(a *ask) tensor.Tensor { return a.given.Guidance }),
		},
	}
}

// lasting returns a context that ends when those of all asks have ended.
func lasting(asked []*ask) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(asked[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(asked)))
	var unwatch []func() bool
	for _, a := range asked {
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

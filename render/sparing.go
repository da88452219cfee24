package render

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"darkroom/render/tensor"
)

// room is what a renderer has learnt of the memory there is.
type room struct {
	limit atomic.Int64 // values of the smallest latents that the UNet found no room for
}

func newRoom() *room {
	r := &room{}
	r.limit.Store(math.MaxInt64)
	return r
}

// shortKey is the key of the mark in a context that says that memory was short.
type shortKey struct{}

// marking returns a context in which whoever finds memory short sets a mark.
func marking(ctx context.Context) (context.Context, *atomic.Bool) {
	mark := new(atomic.Bool)
	return context.WithValue(ctx, shortKey{}, mark), mark
}

// markShort says that memory was found short in what the context is for.
func markShort(ctx context.Context) {
	if mark, ok := ctx.Value(shortKey{}).(*atomic.Bool); ok {
		mark.Store(true)
	}
}

// sparing is a model's UNet that answers a lack of memory by running on half of the batch at a time, and on half of that,
// until it finds room. What found no room once is not tried again.
type sparing struct {
	*room
	unet Unet
}

// Unet runs the model's.
func (s sparing) Unet(ctx context.Context, latents tensor.Tensor, time float64, given Given) (tensor.Tensor, error) {
	size, n := int64(len(latents.Data)), latents.Batch()
	if n < 2 || size < s.limit.Load() {
		out, err := s.unet.Unet(ctx, latents, time, given)
		if n < 2 || !errors.Is(err, tensor.ErrMemory) {
			return out, err
		}
		s.limit.Store(min(size, s.limit.Load()))
		markShort(ctx)
	}
	half := (n + 1) / 2
	first, err := s.Unet(ctx, latents.Rows(0, half), time, rowsOf(given, 0, half))
	if err != nil {
		return tensor.Tensor{}, err
	}
	second, err := s.Unet(ctx, latents.Rows(half, n), time, rowsOf(given, half, n))
	if err != nil {
		return tensor.Tensor{}, err
	}
	return tensor.Concat(first, second)
}

// rowsOf returns what leads some rows.
func rowsOf(g Given, from, to int) Given {
	rows := func(t tensor.Tensor) tensor.Tensor {
		if t.Empty() {
			return t
		}
		return t.Rows(from, to)
	}
	return Given{Hidden: rows(g.Hidden), Pooled: rows(g.Pooled), TimeIDs: rows(g.TimeIDs), Guidance: rows(g.Guidance)}
}

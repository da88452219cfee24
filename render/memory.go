package render

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"darkroom/render/tensor"
)

// room is what a renderer has learnt of the memory there is.
type memoryLimiter struct {
	limit atomic.Int64 // values of the smallest latents that the UNet found no room for
}

func newMemoryLimiter() *memoryLimiter {
	r := &memoryLimiter{}
	r.limit.Store(math.MaxInt64)
	return r
}

// lowMemoryKey is the key of the mark in a context that says that memory was short.
type lowMemoryKey struct{}

// marking returns a context in which whoever finds memory short sets a mark.
func watchLowMemory(ctx context.Context) (context.Context, *atomic.Bool) {
	mark := new(atomic.Bool)
	return context.WithValue(ctx, lowMemoryKey{}, mark), mark
}

// markLowMemory says that memory was found short in what the context is for.
func markLowMemory(ctx context.Context) {
	if mark, ok := ctx.Value(lowMemoryKey{}).(*atomic.Bool); ok {
		mark.Store(true)
	}
}

// sparing is a model's UNet that answers a lack of memory by running on half of the batch at a time, and on half of that,
// until it finds room. What found no room once is not tried again.
type splittingUnet struct {
	*memoryLimiter
	unet Unet
}

// Unet runs the model's.
func (s splittingUnet) Unet(ctx context.Context, latents tensor.Tensor, time float64, conditioning Conditioning) (tensor.Tensor, error) {
	size, n := int64(len(latents.Data)), latents.Batch()
	if n < 2 || size < s.limit.Load() {
		out, err := s.unet.Unet(ctx, latents, time, conditioning)
		if n < 2 || !errors.Is(err, tensor.ErrOutOfMemory) {
			return out, err
		}
		s.limit.Store(min(size, s.limit.Load()))
		markLowMemory(ctx)
	}
	half := (n + 1) / 2
	first, err := s.Unet(ctx, latents.Rows(0, half), time, conditioningRows(conditioning, 0, half))
	if err != nil {
		return tensor.Tensor{}, err
	}
	second, err := s.Unet(ctx, latents.Rows(half, n), time, conditioningRows(conditioning, half, n))
	if err != nil {
		return tensor.Tensor{}, err
	}
	return tensor.Concat(first, second)
}

// conditioningRows returns what leads some rows.
func conditioningRows(g Conditioning, from, to int) Conditioning {
	rows := func(t tensor.Tensor) tensor.Tensor {
		if t.Empty() {
			return t
		}
		return t.Rows(from, to)
	}
	return Conditioning{Hidden: rows(g.Hidden), Pooled: rows(g.Pooled), TimeIDs: rows(g.TimeIDs), Guidance: rows(g.Guidance)}
}

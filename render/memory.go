package render

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"darkroom/render/tensor"
)

// memoryLimiter remembers for which size memory ran out.
type memoryLimiter struct {
	limit atomic.Int64 // values of the smallest latents for which the UNet ran out of memory
}

func newMemoryLimiter() *memoryLimiter {
	m := &memoryLimiter{}
	m.limit.Store(math.MaxInt64)
	return m
}

// lowMemoryKey is the key of a context's mark that memory ran out.
type lowMemoryKey struct{}

// watchLowMemory returns a context in which markLowMemory sets the returned mark.
func watchLowMemory(ctx context.Context) (context.Context, *atomic.Bool) {
	mark := new(atomic.Bool)
	return context.WithValue(ctx, lowMemoryKey{}, mark), mark
}

// markLowMemory notes that memory ran out in the work of a context.
func markLowMemory(ctx context.Context) {
	if mark, ok := ctx.Value(lowMemoryKey{}).(*atomic.Bool); ok {
		mark.Store(true)
	}
}

// splittingUnet is a model's UNet that splits the batch in half when memory runs out, and again, until it fits. A
// size that did not fit once is not tried again.
type splittingUnet struct {
	*memoryLimiter
	unet Unet
}

// Unet runs the model's UNet.
func (s splittingUnet) Unet(
	ctx context.Context, latents tensor.Tensor, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
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

// conditioningRows returns the conditioning of some rows.
func conditioningRows(g Conditioning, from, to int) Conditioning {
	rows := func(t tensor.Tensor) tensor.Tensor {
		if t.Empty() {
			return t
		}
		return t.Rows(from, to)
	}
	return Conditioning{
		Hidden: rows(g.Hidden), Pooled: rows(g.Pooled), TimeIDs: rows(g.TimeIDs), Guidance: rows(g.Guidance),
	}
}

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
	short atomic.Int64 // counts runs that were made in parts for want of it
}

func newRoom() *room {
	r := &room{}
	r.limit.Store(math.MaxInt64)
	return r
}

// sparing is a model's UNet that answers a lack of memory by running on one row of the batch at a time. What found no
// room once is not tried again.
type sparing struct {
	*room
	unet Unet
}

// Unet runs the model's.
func (s sparing) Unet(ctx context.Context, latents tensor.Tensor, time float64, given Given) (tensor.Tensor, error) {
	size := int64(len(latents.Data))
	if latents.Batch() < 2 || size < s.limit.Load() {
		out, err := s.unet.Unet(ctx, latents, time, given)
		if latents.Batch() < 2 || !errors.Is(err, tensor.ErrMemory) {
			return out, err
		}
		s.limit.Store(min(size, s.limit.Load()))
	}
	s.short.Add(1)
	rows := make([]tensor.Tensor, latents.Batch())
	for i := range rows {
		var err error
		if rows[i], err = s.unet.Unet(ctx, latents.Row(i), time, rowOf(given, i)); err != nil {
			return tensor.Tensor{}, err
		}
	}
	return tensor.Concat(rows...)
}

// rowOf returns what leads row i.
func rowOf(g Given, i int) Given {
	row := func(t tensor.Tensor) tensor.Tensor {
		if t.Empty() {
			return t
		}
		return t.Row(i)
	}
	return Given{Hidden: row(g.Hidden), Pooled: row(g.Pooled), TimeIDs: row(g.TimeIDs), Guidance: row(g.Guidance)}
}

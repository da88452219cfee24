package render

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"darkroom/render/tensor"
)

// DeviceMemory is the memory of the device that a model runs on.
type DeviceMemory interface {
	// DeviceBytes is how many bytes are held there since the last ShrinkMemory, by all models.
	DeviceBytes() (int64, error)
	// ShrinkMemory gives back what nobody uses.
	ShrinkMemory() error
	// MoveEncoders takes the networks off the device that run before the steps: they run on the CPU from then on. It says
	// whether they were on the device.
	MoveEncoders() (moved bool, err error)
}

// fallbacks are what a model does when the device's memory runs out, one after the other: it makes its runs of the UNet
// smaller, works on tiles in the VAE, and moves its encoders off the device. What did not fit once is not tried again.
// Renderers of one model with different add-ons share them.
type fallbacks struct {
	device   DeviceMemory // nil where nobody counts its memory
	makeRoom func() bool  // frees what other models hold, and says whether there was any; nil for none

	mu      sync.Mutex // guards the fields below
	unet    int64      // values of the smallest latents for which the UNet ran out of memory in one run
	decoder int64      // the same for the VAE's decoder: places of its latents
	encoder int64      // the same for the VAE's encoder: pixels
	running int        // jobs that run now
}

func newFallbacks(p Parts) *fallbacks {
	const never = math.MaxInt64
	return &fallbacks{device: p.Memory, makeRoom: p.MakeRoom, unet: never, decoder: never, encoder: never}
}

// exceeds says whether so much did not fit before.
func (f *fallbacks) exceeds(limit *int64, size int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return size >= *limit
}

// lower notes that so much does not fit, and says whether that is news.
func (f *fallbacks) lower(limit *int64, size int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	news := size < *limit
	*limit = min(size, *limit)
	return news
}

// try runs a network, and again after what earlier runs left unused was given back, and after other models made room.
// The smallest run there is, is tried once more without the encoders on the device.
func (f *fallbacks) try(ctx context.Context, smallest bool, run func() error) error {
	err := run()
	if errors.Is(err, tensor.ErrOutOfMemory) && f.device != nil && f.device.ShrinkMemory() == nil {
		err = run()
	}
	if errors.Is(err, tensor.ErrOutOfMemory) && f.makeRoom != nil && f.makeRoom() {
		noteMemory(ctx, "the other loaded models were freed")
		err = run()
	}
	if !errors.Is(err, tensor.ErrOutOfMemory) || !smallest || f.device == nil {
		return err
	}
	moved, err2 := f.device.MoveEncoders()
	if err2 != nil || !moved {
		return errors.Join(err, err2)
	}
	noteMemory(ctx, "text encoders and the VAE's encoder run on the CPU from now on")
	return run()
}

// begin counts a job in.
func (f *fallbacks) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running++
}

// end counts a job out, and gives memory back after the last one. It returns the bytes that were held on the device
// since jobs began to run; 0 where nobody counts. An image is not lost because its memory could not be counted or given
// back.
func (f *fallbacks) end() (held int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if f.device == nil {
		return 0
	}
	held, _ = f.device.DeviceBytes()
	if f.running == 0 {
		_ = f.device.ShrinkMemory()
	}
	return held
}

// memoryKey is the key of a context's record of what was done because memory ran out.
type memoryKey struct{}

// memoryRecord is what was done for one job.
type memoryRecord struct {
	mu    sync.Mutex
	short bool     // memory ran out
	steps []string // a sentence each, of what changes from then on
}

// watchMemory returns a context whose work is recorded.
func watchMemory(ctx context.Context) (context.Context, *memoryRecord) {
	r := &memoryRecord{}
	return context.WithValue(ctx, memoryKey{}, r), r
}

// markLowMemory notes that memory ran out in the work of a context.
func markLowMemory(ctx context.Context) { addMemory(ctx) }

// noteMemory notes what changes from now on because memory ran out.
func noteMemory(ctx context.Context, format string, a ...any) {
	addMemory(ctx, "out of memory: "+fmt.Sprintf(format, a...))
}

func addMemory(ctx context.Context, steps ...string) {
	r, ok := ctx.Value(memoryKey{}).(*memoryRecord)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.short, r.steps = true, append(r.steps, steps...)
}

// read returns the record so far.
func (r *memoryRecord) read() (short bool, steps []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.short, r.steps
}

// splittingUnet is a model's UNet that splits the batch in half when memory runs out, and again, until it fits. A
// size that did not fit once is not tried again.
type splittingUnet struct {
	*fallbacks
	unet Unet
}

// Unet runs the model's UNet.
func (s splittingUnet) Unet(
	ctx context.Context, latents tensor.Tensor, time float64, conditioning Conditioning,
) (out tensor.Tensor, err error) {
	size, n := int64(len(latents.Data)), latents.Batch()
	if n < 2 || !s.exceeds(&s.fallbacks.unet, size) {
		err = s.try(ctx, n < 2, func() error {
			out, err = s.unet.Unet(ctx, latents, time, conditioning)
			return err
		})
		if n < 2 || !errors.Is(err, tensor.ErrOutOfMemory) {
			return out, err
		}
		markLowMemory(ctx)
		if s.lower(&s.fallbacks.unet, size) {
			noteMemory(ctx, "runs of the UNet take at most %d of %d images and prompts at once from now on, at latents of %d×%d",
				(n+1)/2, n, latents.Shape[3], latents.Shape[2])
		}
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

// sparingText is a model's text encoder, which goes to the CPU when memory runs out.
type sparingText struct {
	*fallbacks
	text TextEncoder
}

// EncodeText runs the model's text encoder.
func (s sparingText) EncodeText(ctx context.Context, ids [][]int32, skip int) (out TextEncoding, err error) {
	err = s.try(ctx, true, func() error {
		out, err = s.text.EncodeText(ctx, ids, skip)
		return err
	})
	return out, err
}

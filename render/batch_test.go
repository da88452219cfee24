package render

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// renderBatch renders Specs in one batch and returns the outcome of each.
func renderBatch(
	ctx context.Context, r *Renderer, specs []picture.Spec, job func(i int) (context.Context, Job),
) ([]*Result, []error) {
	members := NewBatch(len(specs))
	results, errs := make([]*Result, len(specs)), make([]error, len(specs))
	var wg sync.WaitGroup
	for i, s := range specs {
		ctx, j := ctx, Job{}
		if job != nil {
			ctx, j = job(i)
		}
		j.BatchMember = members[i]
		wg.Go(func() { results[i], errs[i] = r.Render(ctx, s, j) })
	}
	wg.Wait()
	return results, errs
}

func specsWithSeeds(n int) []picture.Spec {
	specs := make([]picture.Spec, n)
	for i := range specs {
		specs[i] = boatSpec()
		specs[i].Count, specs[i].Seed = 1, int64(i)
	}
	return specs
}

func TestBatchSharesUnetRuns(t *testing.T) {
	t.Parallel()
	r, f := newFake(t, Options{})
	specs := specsWithSeeds(3)
	specs[2].Prompt = "a green house"
	results, errs := renderBatch(t.Context(), r, specs, nil)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if runs, batch := f.unetRuns.Load(), f.unetBatch.Load(); runs != int64(specs[0].Steps) || batch != 6 {
		t.Errorf("%d runs of at most %d rows, want %d of 6", runs, batch, specs[0].Steps)
	}
	for i, s := range specs {
		if want := mustRender(t, r, s, Job{}).Tiles[0].Image.Pix; !bytes.Equal(results[i].Tiles[0].Image.Pix, want) {
			t.Errorf("run %d is another image than alone", i)
		}
	}
}

func TestIncompatibleRequestsRunSeparately(t *testing.T) {
	t.Parallel()
	r, f := newFake(t, Options{})
	specs := specsWithSeeds(3)
	specs[1].Width = 2 * specs[1].Width
	specs[2].Steps += 3
	results, errs := renderBatch(t.Context(), r, specs, nil)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if batch := f.unetBatch.Load(); batch > 4 {
		t.Errorf("a run of %d rows, want what agrees alone", batch)
	}
	for i, s := range specs {
		if want := mustRender(t, r, s, Job{}).Tiles[0].Image.Pix; !bytes.Equal(results[i].Tiles[0].Image.Pix, want) {
			t.Errorf("run %d is another image than alone", i)
		}
	}
}

func TestBatchKeepsToBatchPixels(t *testing.T) {
	t.Parallel()
	one := boatSpec()
	r, f := newFake(t, Options{BatchPixels: 2 * one.Width * one.Height})
	if _, errs := renderBatch(t.Context(), r, specsWithSeeds(5), nil); errors.Join(errs...) != nil {
		t.Fatal(errs)
	}
	if runs, batch := f.unetRuns.Load(), f.unetBatch.Load(); batch != 4 || runs != 3*int64(one.Steps) {
		t.Errorf("%d runs of at most %d rows, want %d of 4", runs, batch, 3*one.Steps)
	}
}

func TestCancelStopsOneOfABatch(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	gone := errors.New("a person changed their mind")
	specs := specsWithSeeds(3)
	results, errs := renderBatch(t.Context(), r, specs, func(i int) (context.Context, Job) {
		ctx, cancel := context.WithCancelCause(t.Context())
		return ctx, Job{Progress: func(p Progress) {
			if i == 1 && p.Step == 2 {
				cancel(gone)
			}
		}}
	})
	if errs[0] != nil || errs[2] != nil || !errors.Is(errs[1], gone) {
		t.Fatalf("got %v, want the second alone cancelled", errs)
	}
	for _, i := range []int{0, 2} {
		if want := mustRender(t, r, specs[i], Job{}).Tiles[0].Image.Pix; !bytes.Equal(results[i].Tiles[0].Image.Pix, want) {
			t.Errorf("run %d is another image than alone", i)
		}
	}
}

// blockingUnet is a model whose UNet runs until it is stopped.
type blockingUnet struct {
	*fakeModel
	entered chan int // rows
}

// Unet waits for the end of its context.
func (s blockingUnet) Unet(ctx context.Context, x tensor.Tensor, _ float64, _ Conditioning) (tensor.Tensor, error) {
	s.entered <- x.Batch()
	<-ctx.Done()
	return tensor.Tensor{}, context.Cause(ctx)
}

func TestCancelDoesNotWaitForSharedRun(t *testing.T) {
	t.Parallel()
	f := &fakeModel{}
	parts, net := f.parts(), blockingUnet{f, make(chan int, 9)}
	parts.Tokenizers, parts.Unet = tokenizers(t), net
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	members, ended := NewBatch(2), make([]chan error, 2)
	cancels := make([]context.CancelCauseFunc, 2)
	gone := errors.New("a person changed their mind")
	for i, s := range specsWithSeeds(2) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancels[i], ended[i] = cancel, make(chan error, 1)
		go func() {
			_, err := r.Render(ctx, s, Job{BatchMember: members[i]})
			ended[i] <- err
		}()
	}
	if rows := <-net.entered; rows != 4 {
		t.Fatalf("a run of %d rows, want both runs'", rows)
	}
	for i := range cancels { // the call is stopped once no run waits for it
		cancels[i](gone)
		if err := <-ended[i]; !errors.Is(err, gone) {
			t.Errorf("run %d: got %v, want %v", i, err, gone)
		}
	}
}

// limitedUnet is a model whose UNet cannot take more than some rows, or panics at one seed's latents.
type limitedUnet struct {
	*fakeModel
	most int
	bad  float32 // the first value of latents to panic at
}

// Unet refuses what is too large.
func (p limitedUnet) Unet(ctx context.Context, x tensor.Tensor, time float64, g Conditioning) (tensor.Tensor, error) {
	if x.Batch() > p.most {
		return tensor.Tensor{}, tensor.ErrOutOfMemory
	}
	for i := range x.Batch() {
		if p.bad != 0 && x.Row(i).Data[0] == p.bad {
			panic("no such picture")
		}
	}
	return p.fakeModel.Unet(ctx, x, time, g)
}

func TestPanicFailsOneOfABatch(t *testing.T) {
	t.Parallel()
	specs := specsWithSeeds(2)
	given := tensor.New(1, 4, specs[0].Height/8, specs[0].Width/8)
	given.Data[0] = 0.25
	r, _ := newLimitedRenderer(t, limitedUnet{most: 99, bad: 0.25})
	var caught any
	_, errs := renderBatch(t.Context(), r, specs[:1], nil)
	members := NewBatch(2)
	var wg sync.WaitGroup
	wg.Go(func() { _, errs[0] = r.Render(t.Context(), specs[0], Job{BatchMember: members[0]}) })
	wg.Go(func() {
		defer func() { caught = recover() }()
		s := specs[1]
		s.Sampler = specs[0].Sampler
		_, _ = r.Render(t.Context(), s, Job{BatchMember: members[1], Latents: &given})
	})
	wg.Wait()
	if errs[0] != nil || caught == nil {
		t.Errorf("got %v and the panic %v, want a panic of the second alone", errs[0], caught)
	}
}

func newLimitedRenderer(t *testing.T, p limitedUnet) (*Renderer, *fakeModel) {
	t.Helper()
	p.fakeModel = &fakeModel{}
	parts := p.parts()
	parts.Tokenizers, parts.Unet = tokenizers(t), p
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, p.fakeModel
}

func TestLowMemorySplitsRuns(t *testing.T) {
	t.Parallel()
	r, f := newLimitedRenderer(t, limitedUnet{most: 2})
	plenty, _ := newFake(t, Options{})
	s := boatSpec()
	s.Count = 2
	got, err := r.Render(t.Context(), s, Job{})
	if err != nil {
		t.Fatal(err)
	}
	want := mustRender(t, plenty, s, Job{})
	if !slices.Equal(got.Latents.Data, want.Latents.Data) {
		t.Error("rendered in parts it is another image")
	}
	if !got.LowMemory || want.LowMemory {
		t.Errorf("told of short memory: %v, and with plenty %v; want true and false", got.LowMemory, want.LowMemory)
	}
	if runs, batch := f.unetRuns.Load(), f.unetBatch.Load(); runs != 2*int64(s.Steps) || batch != 2 {
		t.Errorf("%d runs of at most %d rows, want %d of 2: half of what found no room", runs, batch, 2*s.Steps)
	}
	if again := mustRender(t, r, s, Job{}); again.LowMemory {
		t.Error("a second image tells of short memory again, though nothing that finds no room was tried")
	}
	t.Run("the other run is not reported", func(t *testing.T) {
		t.Parallel()
		r, _ := newLimitedRenderer(t, limitedUnet{most: 2})
		var large *Result
		small := mustRender(t, r, specsWithSeeds(1)[0], Job{Progress: func(now Progress) {
			if now.Step == 1 {
				large = mustRender(t, r, s, Job{})
			}
		}})
		if small.LowMemory || !large.LowMemory {
			t.Errorf("got %v, and %v beside it; want false and true", small.LowMemory, large.LowMemory)
		}
	})
	t.Run("who shares a run is", func(t *testing.T) {
		t.Parallel()
		r, _ := newLimitedRenderer(t, limitedUnet{most: 2})
		results, errs := renderBatch(t.Context(), r, specsWithSeeds(2), nil)
		if err := errors.Join(errs...); err != nil || !results[0].LowMemory || !results[1].LowMemory {
			t.Errorf("got %v, want both told of short memory", err)
		}
	})
	t.Run("a single row that finds no room is an error", func(t *testing.T) {
		t.Parallel()
		r, _ := newLimitedRenderer(t, limitedUnet{most: 0})
		if _, err := r.Render(t.Context(), specsWithSeeds(1)[0], Job{}); !errors.Is(err, tensor.ErrOutOfMemory) {
			t.Errorf("got %v, want %v", err, tensor.ErrOutOfMemory)
		}
	})
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/rest"
	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/store"
)

func TestInputPicturesAreDecodedOneAtATime(t *testing.T) {
	t.Parallel()
	b := &Bot{o: Options{}.withDefaults(), decodeSlot: make(chan struct{}, 1)}
	b.decodeSlot <- struct{}{} // another one is being decoded
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := b.cleanInput(ctx, []byte("no picture")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want it to wait for the other one", err)
	}
	<-b.decodeSlot
	for range 2 {
		if _, err := b.cleanInput(t.Context(), []byte("no picture")); !errors.As(err, new(*rest.FetchError)) {
			t.Errorf("got %v, want an error that is for good", err)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		text  string
		fault bool
	}{
		{&admit.Refusal{Sentence: "No *stars*.", Hint: "Try others."}, "No \\*stars\\*.\nTry others.", false},
		{fmt.Errorf("wrapped: %w", errPosting), string(errPosting), false},
		{fmt.Errorf("accept: %w", store.ErrInputGone), string(errInputGone), false},
		{fmt.Errorf("accept: %w", context.DeadlineExceeded), string(errBusy), true},
		{errors.New("disk on fire"), "", true},
	} {
		if text, fault := explain(c.err); text != c.text || fault != c.fault {
			t.Errorf("explain(%v): got %q, %v; want %q, %v", c.err, text, fault, c.text, c.fault)
		}
	}
}

func TestPixelsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"768x512": 768 * 512, " 10×20 ": 200, "0": 0, "1000": 1000, "big": -1, "-5": -1, "x": -1} {
		got, err := pixelsOf(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("pixelsOf(%q): got %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestCostsAreLearned(t *testing.T) {
	t.Parallel()
	c := newCosts(func(hash string) render.Traits { return render.Traits{Img2ImgTakesAllSteps: hash == "whole"} })
	s := picture.Spec{Width: 1000, Height: 1000, Steps: 10, Count: 1, GuidanceScale: 7, Model: picture.Ref{Hash: "a"}}
	if got := c.estimate(s); got != 40000 {
		t.Errorf("before any was measured: got %d ms, want 40000", got)
	}
	c.learn(s, map[string]int64{"load": 99999, "denoise": 4000, "decode": 1000})
	if got := c.estimate(s); got != 5000 {
		t.Errorf("after one of 5000 ms: got %d", got)
	}
	c.learn(s, map[string]int64{"denoise": 10000})
	if got := c.estimate(s); got != 6000 {
		t.Errorf("after another of 10000 ms: got %d, want 6000", got)
	}
	c.learn(s, nil)
	double := s
	double.Count = 2
	if got := c.estimate(double); got != 12000 {
		t.Errorf("two pictures: got %d ms, want 12000", got)
	}
	other := s
	other.Model.Hash = "b"
	if got := c.estimate(other); got != 40000 {
		t.Errorf("another model: got %d ms, want the first guess", got)
	}
	for hash, want := range map[string]int64{"parts": 20000, "whole": 40000} {
		other.Dialect, other.Sampler, other.Model.Hash, other.Init = picture.Diffusers, "lcm", hash, &picture.Init{Strength: 0.5}
		if got := c.estimate(other); got != want {
			t.Errorf("half of a start picture by a model that repaints in %s: got %d ms, want %d", hash, got, want)
		}
	}
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	b := newBackoff(time.Nanosecond, 8*time.Nanosecond)
	for range 10 {
		if err := b.wait(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if b.next != 8*time.Nanosecond {
		t.Errorf("pause: got %v, want the most", b.next)
	}
	b.reset()
	if b.next != time.Nanosecond {
		t.Errorf("pause after a reset: got %v, want the first", b.next)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := newBackoff(time.Hour, time.Hour).wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: got %v, want that it was cancelled", err)
	}
}

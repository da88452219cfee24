package work

import (
	"context"
	"errors"
	"image"
	"testing"
	"time"

	"darkroom/queue"
)

// deaf paints until it is let go, whatever its context says.
func deaf(letGo <-chan struct{}, percents ...int) func(context.Context, func(int, func() image.Image)) (Made, error) {
	return func(_ context.Context, progress func(int, func() image.Image)) (Made, error) {
		for _, p := range percents {
			time.Sleep(time.Minute)
			progress(p, nil)
		}
		<-letGo
		return onePicture, nil
	}
}

func TestAPaintingThatHangsEndsTheBench(t *testing.T) {
	slow := job("1")
	slow.Cost = 300_000 // five minutes
	cases := map[string]struct {
		job      queue.Job
		percents []int
		final    bool
		after    time.Duration
		want     []string
	}{
		"it never begins":                 {job("1"), nil, false, 2 * time.Minute, []string{"lease 1", "paint 1", "crashed 1"}},
		"it stops in the middle":          {job("1"), []int{10, 20, 30}, false, 5 * time.Minute, []string{"lease 1", "paint 1", "crashed 1"}},
		"it stops in a long step":         {job("1"), []int{10, 10, 10, 10}, false, 6 * time.Minute, []string{"lease 1", "paint 1", "crashed 1"}},
		"a long picture has more time":    {slow, nil, false, 10 * time.Minute, []string{"lease 1", "paint 1", "crashed 1"}},
		"it was the last try: an apology": {job("1"), nil, true, 2 * time.Minute, []string{"lease 1", "paint 1", "crashed 1", "sorry 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				letGo := make(chan struct{})
				defer close(letGo)
				b := &bureau{paint: deaf(letGo, c.percents...), fail: func() (bool, error) { return c.final, nil }}
				began := time.Now()
				open(t, b, c.job, job("2"))
				<-b.stopped
				if !errors.Is(b.err, ErrHung) {
					t.Errorf("the bench ended with %v, want %v", b.err, ErrHung)
				}
				b.was(t, c.want...) // and takes no other job
				if d := time.Since(began); d < c.after || d > c.after+time.Second {
					t.Errorf("noticed after %v, want %v", d, c.after)
				}
			})
		})
	}
}

func TestAPainterThatIgnoresItsEnd(t *testing.T) {
	cases := map[string]struct {
		beat func(queue.Held) (queue.Verdict, error)
		stop bool
		want []string
	}{
		"of a cancel: the queue hears that it stopped": {
			func(queue.Held) (queue.Verdict, error) { return queue.Cancelled, nil }, false, []string{"lease 1", "paint 1", "stopped 1"},
		},
		"of a lost lease: nothing is to be said": {
			func(queue.Held) (queue.Verdict, error) { return queue.Stale, nil }, false, []string{"lease 1", "paint 1"},
		},
		"of the process: the job is given back": {nil, true, []string{"lease 1", "paint 1", "release 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				letGo := make(chan struct{})
				defer close(letGo)
				b := &bureau{beat: c.beat, paint: deaf(letGo)}
				began := time.Now()
				open(t, b, job("1"))
				time.Sleep(time.Second)
				if c.stop {
					b.stop()
				}
				<-b.stopped
				if !errors.Is(b.err, ErrHung) {
					t.Errorf("the bench ended with %v, want %v", b.err, ErrHung)
				}
				b.was(t, c.want...)
				if d := time.Since(began); d > lease+grace+2*time.Second {
					t.Errorf("ended after %v, want a lease's time after the end", d)
				}
			})
		})
	}
}

// TestASlowStepThatTellsOfItsTriesIsNoHang refuses in the end, as a sampler that finds no step that fits.
func TestASlowStepThatTellsOfItsTriesIsNoHang(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &bureau{paint: func(_ context.Context, progress func(int, func() image.Image)) (Made, error) {
			for range 300 {
				time.Sleep(time.Minute)
				progress(98, nil)
			}
			return Made{}, Final("no step fits", errors.New("no step fits"))
		}}
		open(t, b, job("1"))
		time.Sleep(301 * time.Minute)
		b.stop()
		<-b.stopped
		if b.err != nil {
			t.Errorf("the bench ended with %v, want none", b.err)
		}
		b.was(t, "lease 1", "paint 1", "fail 1 retry=false", "sorry 1")
	})
}

package worker

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// idleWorkOf is Options.Idle that takes a time for a piece, and records how each ended.
func (b *fake) idleWorkOf(pieces int, each, toStop time.Duration) func(context.Context) bool {
	return func(ctx context.Context) bool {
		if pieces == 0 {
			b.record("nothing to do")
			return false
		}
		b.record("idle work")
		select {
		case <-time.After(each):
			pieces--
			b.record("idle work done")
			return true
		case <-ctx.Done():
			time.Sleep(toStop)
			b.record("idle work given up")
			return false
		}
	}
}

func TestIdleWorkGivesWay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.idle = b.idleWorkOf(2, time.Minute, 100*time.Millisecond)
		startWorker(t, b)
		time.Sleep(15 * time.Second)
		b.wantCalls(t, "idle work")
		b.addJob(job("1"))
		time.Sleep(3 * time.Second) // a poll, and what the work needs to stop
		b.wantCalls(t, "idle work", "lease 1", "idle work given up", "render 1")
		b.stop()
		<-b.stopped
	})
}

// TestIdleWorkWaits: it begins only after a while without a job, does one piece after another, and then asks from time
// to time.
func TestIdleWorkWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.idle = b.idleWorkOf(2, 3*time.Second, 0)
		startWorker(t, b, job("1"))
		time.Sleep(18 * time.Second)
		b.wantCalls(t, "lease 1", "render 1", "seal 1", "post 1", "done 1") // after ten seconds
		time.Sleep(25 * time.Second)
		done := []string{"lease 1", "render 1", "seal 1", "post 1", "done 1", "idle work", "idle work done", "idle work",
			"idle work done", "nothing to do"}
		b.wantCalls(t, done...)
		time.Sleep(time.Minute + 10*time.Second)
		b.wantCalls(t, append(done, "nothing to do")...)
		b.stop()
		<-b.stopped
	})
}

func TestIdleWorkEndsWithTheWorker(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{}
		b.idle = b.idleWorkOf(1, time.Hour, time.Second)
		startWorker(t, b).finish()
		b.wantCalls(t, "idle work", "idle work given up")
	})
}

func TestIdleWorkThatHangs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b, never := &fake{}, make(chan struct{})
		b.idle = func(context.Context) bool { <-never; return false }
		startWorker(t, b)
		time.Sleep(15 * time.Second)
		b.addJob(job("1"))
		<-b.stopped
		b.wantCalls(t, "lease 1", "release 1")
		if !errors.Is(b.err, ErrHung) {
			t.Errorf("got %v, want ErrHung: only the end of the process frees the model", b.err)
		}
		close(never)
		synctest.Wait()
	})
}

func TestIdleWorkThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		b := &fake{idle: func(context.Context) bool { panic("a secret") }}
		startWorker(t, b)
		time.Sleep(15 * time.Second)
		b.addJob(job("1"))
		b.finish()
		if !slices.Contains(b.calls, "done 1") {
			t.Errorf("got %v, want the job done", b.calls)
		}
		b.wantLogged(t, "work of idle time panicked", true)
	})
}

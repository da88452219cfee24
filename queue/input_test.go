package queue

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func sha(c string) string { return strings.Repeat(c, 64) }

func TestInputPictures(t *testing.T) {
	onEachBackend(t, Options{MaxInputs: 1000}, func(r *fixture) {
		bytesOf := func(name string, want []byte) {
			r.Helper()
			got, err := r.Input(r.ctx, name)
			if want == nil && errors.Is(err, ErrNotFound) {
				return
			}
			if err != nil || !bytes.Equal(got, want) {
				r.Fatalf("input %.4s: %d bytes, %v; want %d", name, len(got), err, len(want))
			}
		}
		put := func(name string, data []byte) error {
			err := r.PutInput(r.ctx, name, data)
			r.checkInvariants()
			return err
		}
		picture := []byte{0, 255, '\r', '\n', 1}
		if err := errors.Join(put(sha("a"), picture), put(sha("a"), picture), put(sha("b"), picture)); err != nil {
			r.Fatal(err)
		}
		if err := put(sha("c"), make([]byte, 1000)); !errors.Is(err, ErrFull) {
			r.Errorf("too much: %v, want ErrFull", err)
		}
		one, two := job("1-0", "s", "u"), job("2-0", "s", "u")
		one.Inputs, two.Inputs = []string{sha("a"), sha("a")}, []string{sha("a")}
		r.enqueue(one, two)
		r.clock.advance(time.Hour)
		r.mustReap(0)
		bytesOf(sha("a"), picture)
		bytesOf(sha("b"), nil) // nobody named it
		r.finish(r.mustLease("w", "1-0"))
		bytesOf(sha("a"), picture)
		r.mustCancel("2-0", CancelRemoved)
		bytesOf(sha("a"), picture) // kept for a while for the next job
		r.clock.advance(11 * time.Minute)
		r.mustReap(0)
		bytesOf(sha("a"), nil)
		if err := put(sha("c"), make([]byte, 1000)); err != nil {
			r.Errorf("after all were dropped: %v", err)
		}
		if err := put("x", nil); err == nil {
			r.Error("a name that is no hash was taken")
		}
	})
}

func TestInputWithoutJobStaysTenMinutes(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		if err := r.PutInput(r.ctx, sha("a"), []byte{1}); err != nil {
			r.Fatal(err)
		}
		r.clock.advance(9 * time.Minute)
		r.mustReap(0)
		if _, err := r.Input(r.ctx, sha("a")); err != nil {
			r.Errorf("after nine minutes: %v, want the image: its job may be on its way", err)
		}
		r.clock.advance(2 * time.Minute)
		r.mustReap(0)
		if _, err := r.Input(r.ctx, sha("a")); !errors.Is(err, ErrNotFound) {
			r.Errorf("after eleven minutes: %v, want ErrNotFound", err)
		}
	})
}

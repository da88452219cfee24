package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
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
		bytesOf(sha("a"), picture) // kept a while for the next job
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

func TestUndelivered(t *testing.T) {
	onEachBackend(t, Options{MaxUndelivered: 2, UndeliveredBytes: 2000}, func(r *fixture) {
		newUndelivered := func(id string, size int) Undelivered {
			return Undelivered{Job: id, Address: []byte(`{"channel":"7"}`), Outcome: Outcome{Delivered: "tray"},
				Files: []Attachment{{Name: "one.png", Bytes: bytes.Repeat([]byte{0xff}, size)}, {Name: "two.png", Bytes: []byte{0}}}}
		}
		if err := errors.Join(r.PutUndelivered(r.ctx, newUndelivered("1-0", 500)), r.PutUndelivered(r.ctx, newUndelivered("1-0", 500))); err != nil {
			r.Fatal(err)
		}
		if err := r.PutUndelivered(r.ctx, newUndelivered("2-0", 1500)); !errors.Is(err, ErrUndeliveredFull) {
			r.Errorf("too many bytes: %v, want ErrTrayFull", err)
		}
		r.clock.advance(time.Second)
		if err := r.PutUndelivered(r.ctx, newUndelivered("2-0", 500)); err != nil {
			r.Fatal(err)
		}
		if err := r.PutUndelivered(r.ctx, newUndelivered("3-0", 1)); !errors.Is(err, ErrUndeliveredFull) {
			r.Errorf("too many deliveries: %v, want ErrTrayFull", err)
		}
		taken := func(n int, want ...string) (all []Undelivered) {
			r.Helper()
			all, err := r.TakeUndelivered(r.ctx, n)
			var got []string
			for _, d := range all {
				got = append(got, d.Job)
			}
			if err != nil || !slices.Equal(got, want) {
				r.Fatalf("took %v, %v; want %v", got, err, want)
			}
			return all
		}
		d := taken(1, "1-0")[0]
		if d.Outcome.Delivered != "tray" || string(d.Address) != `{"channel":"7"}` || d.Files[0].Name != "one.png" ||
			len(d.Files[0].Bytes) != 500 || d.Files[1].Bytes[0] != 0 {
			r.Errorf("delivery %+v", d)
		}
		taken(5, "2-0")
		taken(5)
		for id, want := range map[string]bool{"1-0": true, "3-0": false} {
			if has, err := r.IsUndelivered(r.ctx, id); err != nil || has != want {
				r.Errorf("%s in the tray: %v, %v; want %v", id, has, err, want)
			}
		}
		if err := errors.Join(r.AckUndelivered(r.ctx, "1-0"), r.AckUndelivered(r.ctx, "1-0")); err != nil {
			r.Fatal(err)
		}
		if err := r.BeginEpoch(r.ctx, 2); err != nil { // an epoch does not touch it
			r.Fatal(err)
		}
		r.clock.advance(2 * time.Minute)
		taken(5, "2-0")
		if err := errors.Join(r.AckUndelivered(r.ctx, "2-0"), r.PutUndelivered(r.ctx, newUndelivered("4-0", 1900))); err != nil {
			r.Errorf("an empty tray: %v", err)
		}
		r.wantEvents("undelivered 1-0", "undelivered 2-0", "undelivered 4-0")
	})
}

func TestRenderers(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		one := Renderer{Slot: "host/1", Device: "cpu", Lanes: Lanes("a"), Models: []Model{{Name: "demo", Hash: "h", Lane: "a",
			Card: []byte(`{"sizes":["64x64"]}`)}}}
		two := Renderer{Slot: "host/0", Lanes: Lanes("b")}
		known := func(want ...string) []Renderer {
			r.Helper()
			all, err := r.Renderers(r.ctx)
			var got []string
			for _, x := range all {
				got = append(got, x.Slot)
			}
			if err != nil || !slices.Equal(got, want) {
				r.Fatalf("renderers %v, %v; want %v", got, err, want)
			}
			return all
		}
		known()
		if err := errors.Join(r.Announce(r.ctx, one, 30*time.Second), r.Announce(r.ctx, two, time.Minute)); err != nil {
			r.Fatal(err)
		}
		if all := known("host/0", "host/1"); string(all[1].Models[0].Card) != `{"sizes":["64x64"]}` {
			r.Errorf("offer %+v", all[1])
		}
		r.clock.advance(40 * time.Second)
		known("host/0")
		if err := r.Withdraw(r.ctx, "host/0"); err != nil {
			r.Fatal(err)
		}
		known()
	})
}

func TestWatch(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		at, err := r.newestEventID(r.ctx, r.db)
		if err != nil {
			r.Fatal(err)
		}
		l := r.mustLease("w", "1-0")
		errStop := errors.New("stop")
		err = r.Watch(r.ctx, at, func(e Event) error { // resumed: what came before is not told again
			if e.Kind != JobLeased || e.Job != "1-0" {
				r.Errorf("event %+v, want leased 1-0", e)
			}
			return errStop
		})
		if !errors.Is(err, errStop) {
			r.Errorf("watch: %v, want its function's error", err)
		}
		ctx, cancel := context.WithCancel(r.ctx)
		heard, ended := make(chan Event, 100), make(chan error)
		go func() { ended <- r.Watch(ctx, "", func(e Event) error { heard <- e; return nil }) }()
		for e := (Event{}); e.Percent == 0; { // from now on: wait until it listens
			r.wantVerdict(OK)(r.heartbeat(l, 0))
			r.wantVerdict(OK)(r.heartbeat(l, 1))
			select {
			case e = <-heard:
			case <-time.After(10 * time.Millisecond):
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			r.Errorf("ended with %v, want the context's cause", err)
		}
	})
}

func TestEventStreamIsTrimmed(t *testing.T) {
	onEachBackend(t, Options{MaxEvents: 200}, func(r *fixture) {
		r.enqueue(job("1-0", "s", "u"))
		l := r.mustLease("w", "1-0")
		for i := range 1000 {
			if _, err := r.heartbeat(l, i%100+1); err != nil {
				r.Fatal(err)
			}
		}
		if n := r.db.XLen(r.ctx, r.opts.eventsKey()).Val(); n < 200 || n > 400 {
			r.Errorf("%d events are kept, want about 200", n)
		}
	})
}

func TestPoolsAreSeparate(t *testing.T) {
	t.Parallel()
	one, two := newFixture(t, Options{}, backends["redis"]), newFixture(t, Options{}, backends["redis"])
	one.enqueue(job("1-0", "s", "u"))
	two.mustLeaseNone()
	if err := two.BeginEpoch(two.ctx, 2); err != nil {
		t.Fatal(err)
	}
	one.mustLease("w", "1-0")
}

func BenchmarkCycle(b *testing.B) {
	for name, open := range backends {
		b.Run(name, func(b *testing.B) {
			q := open(b, Options{Pool: fmt.Sprint("bench ", pools.Add(1))})
			b.Cleanup(func() { _ = q.Close() })
			if err := q.BeginEpoch(b.Context(), 1); err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			for i := range 200 { // a backlog, so that the choice is real
				if _, err := q.Enqueue(ctx, 1, job(fmt.Sprint("old-", i), fmt.Sprint("s", i%20), fmt.Sprint("u", i%60))); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for i := range b.N {
				cycle(b, q, i)
			}
		})
	}
}

func cycle(b *testing.B, q *Queue, i int) {
	ctx := b.Context()
	_, err := q.Enqueue(ctx, 1, job(fmt.Sprint("new-", i), fmt.Sprint("s", i%20), fmt.Sprint("u", i%60)))
	if err != nil {
		b.Fatal(err)
	}
	l, err := q.Reserve(ctx, "w", fmt.Sprint(i), Capacity{Lanes: Lanes("a")})
	if err != nil || len(l) != 1 {
		b.Fatal(len(l), err)
	}
	_, err = q.Seal(ctx, l[0])
	if err == nil {
		_, err = q.Done(ctx, l[0], 1000, Outcome{})
	}
	if err != nil {
		b.Fatal(err)
	}
}

package outbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/store"
)

func TestInputPicturesAreDecodedOneAtATime(t *testing.T) {
	t.Parallel()
	c := &copier{decodeSlot: make(chan struct{}, 1)}
	c.decodeSlot <- struct{}{} // another one is being decoded
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.clean(ctx, []byte("no picture")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want it to wait for the other one", err)
	}
	<-c.decodeSlot
	for range 2 {
		if _, err := c.clean(t.Context(), []byte("no picture")); !errors.As(err, new(*rest.FetchError)) {
			t.Errorf("got %v, want an error that is for good", err)
		}
	}
}

// fileFetcher finds one file everywhere.
type fileFetcher []byte

func (f fileFetcher) Fetch(context.Context, string, int64) ([]byte, error) { return f, nil }

// A picture that is meant to keep the bot busy ends its job with a reason, and the next one is decoded.
func TestCostlyInputIsRefused(t *testing.T) {
	t.Parallel()
	o, db, _ := newTestOutbox(nil)
	plain, err := encode.PNG(image.NewGray(image.Rect(0, 0, 8, 8)), "")
	if err != nil {
		t.Fatal(err)
	}
	empty := append([]byte{0, 0, 0, 0}, "teSt"...)
	empty = binary.BigEndian.AppendUint32(empty, crc32.ChecksumIEEE(empty[4:]))
	const head = 8 + 25 // the magic bytes and the header
	costly := append(append(bytes.Clone(plain[:head]), bytes.Repeat(empty, 1_000_000)...), plain[head:]...)
	o.single.copier.fetcher = fileFetcher(costly)
	if err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err != nil {
		t.Fatal(err)
	}
	if got, want := db.failed["1-0"], message.ReasonInputTooComplex; got != want {
		t.Errorf("got reason %q, want %q", got, want)
	}
	if _, err := o.single.copier.clean(t.Context(), plain); err != nil {
		t.Errorf("the next one: got error %v, want none", err)
	}
}

func TestSlowInputIsAbandoned(t *testing.T) {
	t.Parallel()
	o, db, _ := newTestOutbox(nil)
	file, err := encode.PNG(image.NewGray(image.Rect(0, 0, 8, 8)), "")
	if err != nil {
		t.Fatal(err)
	}
	o.single.copier.fetcher, o.single.copier.decode = fileFetcher(file), 0
	if err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err != nil {
		t.Fatal(err)
	}
	if got, want := db.failed["1-0"], message.ReasonInputTooComplex; got != want {
		t.Errorf("got reason %q, want %q", got, want)
	}
}

// While another picture is decoded without end, a job is given up when its time is over: by the one who has time to
// write that down.
func TestInputThatWaitsIsGivenUp(t *testing.T) {
	t.Parallel()
	o, db, _ := newTestOutbox(nil)
	var told []string
	o.single.failed = func(_ job.Job, reason string) { told = append(told, reason) }
	c := o.single.copier
	c.fetcher, c.attempt = fileFetcher("any"), 10*time.Millisecond
	c.decodeSlot <- struct{}{}
	young, old := fresh(o), fresh(o)
	old.Created = o.opts.Now().Add(-copyTimeout - time.Second)

	hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-hurried.Done()
	for name, tt := range map[string]struct {
		ctx context.Context
		job job.Job
	}{"of a caller who has gone": {hurried, old}, "whose time is not over": {t.Context(), young}} {
		if err := o.Enqueue(tt.ctx, tt.job, store.Policy{}); !errors.Is(err, context.DeadlineExceeded) || len(db.failed) > 0 {
			t.Errorf("a job %s: got error %v, failed %q, want it to be tried again", name, err, db.failed)
		}
	}
	if err := o.Enqueue(t.Context(), old, store.Policy{}); err != nil {
		t.Fatal(err)
	}
	if got, want := db.failed["1-0"], message.ReasonInputNotFetched; got != want || len(told) != 1 {
		t.Errorf("got reason %q, told %q, want %q and told once", got, told, want)
	}
}

// A job is written down as given up even if the caller's time ends meanwhile.
func TestGivingUpIsWrittenDown(t *testing.T) {
	t.Parallel()
	o, db, _ := newTestOutbox(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.single.giveUp(ctx, fresh(o), "a reason", errUnreadable); !errors.Is(err, errGivenUp) {
		t.Errorf("got error %v, want %v", err, errGivenUp)
	}
	if db.failed["1-0"] != "a reason" {
		t.Errorf("got %q, want the reason", db.failed)
	}
}

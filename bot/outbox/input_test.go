package outbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
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

// An image that is meant to keep the bot busy ends its job with a reason, and the next one is decoded.
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
	if _, err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err != nil {
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
	if _, err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err != nil {
		t.Fatal(err)
	}
	if got, want := db.failed["1-0"], message.ReasonInputTooComplex; got != want {
		t.Errorf("got reason %q, want %q", got, want)
	}
}

func TestInputOfAnotherFormatIsNamed(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00": "the start image is a HEIC photo, as iPhones take them: " +
			"save it as a JPEG or PNG and send that",
		"a red boat": message.ReasonInputNoImage,
	} {
		o, db, _ := newTestOutbox(nil)
		o.single.copier.fetcher = fileFetcher(file)
		if _, err := o.Enqueue(t.Context(), fresh(o), store.Policy{}); err != nil {
			t.Fatal(err)
		}
		if got := db.failed["1-0"]; got != want {
			t.Errorf("got reason %q, want %q", got, want)
		}
	}
}

// While another image is decoded without end, a job is given up when its time is over: by the one who has time to
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
		_, err := o.Enqueue(tt.ctx, tt.job, store.Policy{})
		if !errors.Is(err, context.DeadlineExceeded) || len(db.failed) > 0 {
			t.Errorf("a job %s: got error %v, failed %q, want it to be tried again", name, err, db.failed)
		}
	}
	if _, err := o.Enqueue(t.Context(), old, store.Policy{}); err != nil {
		t.Fatal(err)
	}
	if got, want := db.failed["1-0"], message.ReasonInputNotFetched; got != want || len(told) != 1 {
		t.Errorf("got reason %q, told %q, want %q and told once", got, told, want)
	}
}

// When the bot is stopped, a copy for an interaction that may go on for a moment ends, and its job is not given up.
func TestCopiesEndWhenTheBotStops(t *testing.T) {
	t.Parallel()
	o, db, _ := newTestOutbox(nil)
	o.single.copier.fetcher = fileFetcher("any")
	o.single.copier.decodeSlot <- struct{}{} // another image is decoded
	old := fresh(o)
	old.Created = o.opts.Now().Add(-copyTimeout - time.Second)
	ended := make(chan error, 1)
	go func() {
		_, err := o.Enqueue(t.Context(), old, store.Policy{})
		ended <- err
	}()
	o.stopCopies()
	if err := <-ended; !errors.Is(err, context.Canceled) || len(db.failed) > 0 {
		t.Errorf("got error %v, failed %q, want it to be left to the next start", err, db.failed)
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

// keepingStore keeps input images.
type keepingStore struct {
	kept map[string][]byte
	spec json.RawMessage
}

func (k *keepingStore) PutInput(_ context.Context, sha string, data []byte) error {
	k.kept[sha] = data
	return nil
}

func (k *keepingStore) AttachInputs(_ context.Context, _ string, spec json.RawMessage, _ []string) (bool, error) {
	k.spec = spec
	return true, nil
}

// A start image that is not to be cropped is kept in the shape of the Spec, so that a renderer has nothing to crop.
func TestInputIsBroughtToShape(t *testing.T) {
	t.Parallel()
	file, err := encode.PNG(image.NewGray(image.Rect(0, 0, 60, 20)), "")
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[string]picture.Size{
		"": {Width: 60, Height: 20}, request.ResizeCrop: {Width: 60, Height: 20},
		request.ResizeFill: {Width: 48, Height: 64}, request.ResizeStretch: {Width: 48, Height: 64},
	} {
		db := &keepingStore{kept: map[string][]byte{}}
		c := &copier{
			db: db, fetcher: fileFetcher(file), now: time.Now, decodeSlot: make(chan struct{}, 1),
			attempt: attemptTimeout, decode: decodeTimeout,
		}
		pending, err := json.Marshal(request.InitImage{Strength: 0.5, Resize: mode})
		if err != nil {
			t.Fatal(err)
		}
		j := job.Job{
			Job:  store.Job{ID: "1-0", PendingInputs: pending},
			Spec: picture.Spec{Version: picture.Version, Width: 48, Height: 64},
		}
		j, _, err = c.attach(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		in := j.Spec.Init.Picture
		size, err := png.DecodeConfig(bytes.NewReader(db.kept[in.SHA256]))
		if err != nil || (picture.Size{Width: in.Width, Height: in.Height}) != want || size.Width != want.Width ||
			size.Height != want.Height {
			t.Errorf("%q: got %+v of %d x %d and error %v, want %v", mode, in, size.Width, size.Height, err, want)
		}
	}
}

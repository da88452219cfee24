package showcase

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/request"
)

var hash = strings.Repeat("ab", 32)

// painter is a loaded model. It fills images with noise, which is hard to make small, and takes a time for each.
type painter struct {
	clock *clock
	each  time.Duration
	fail  error
	begun func() // called in the midst of an image; may be nil
	specs []picture.Spec
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// Render paints, until ctx ends.
func (p *painter) Render(ctx context.Context, s picture.Spec, job render.Job) (*render.Result, error) {
	job.Progress(render.Progress{Step: 1, Steps: s.Steps})
	p.specs = append(p.specs, s)
	p.clock.at = p.clock.at.Add(p.each)
	if p.begun != nil {
		p.begun()
	}
	if err := errors.Join(p.fail, context.Cause(ctx)); err != nil {
		return nil, err
	}
	img := image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height))
	x := uint32(s.Seed)
	for i := range img.Pix {
		x = x*1664525 + 1013904223
		img.Pix[i] = uint8(x >> 24)
	}
	return &render.Result{Tiles: []render.Tile{{Seed: s.Seed, Image: img}}}, nil
}

type fixture struct {
	*testing.T
	dir   string
	clock *clock
	model painter
	card  request.Card
}

func newFixture(t *testing.T) *fixture {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return &fixture{
		T: t, dir: filepath.Join(t.TempDir(), "showcase"), clock: c, model: painter{clock: c, each: time.Second},
		card: request.Card{
			Name: "boats", Hash: hash, Dialect: picture.Diffusers, Samplers: []string{"ddim"},
			Examples: []string{"a boat", "{a|the} boat", "a ship", "a <lora:ink:1> ship", "a kite", "a star", "a sun"},
			Defaults: request.Defaults{Size: picture.Size{Width: 768, Height: 512}, Steps: 30, Sampler: "ddim"},
		},
	}
}

// maker is a Maker in a process that has just started.
func (f *fixture) maker(name string) Maker {
	return Maker{Shelf: Open(f.dir), Name: name, Now: f.clock.now, Log: slog.New(slog.DiscardHandler)}
}

func (f *fixture) models() []Model {
	return []Model{{Card: f.card, Load: func() Pipeline { return &f.model }}}
}

// images are those of the model, as a process that has just started reads them.
func (f *fixture) images() []Image {
	f.Helper()
	text := Open(f.dir).Text(hash)
	if text == "" {
		return nil
	}
	all, err := Decode(text)
	if err != nil {
		f.Fatal(err)
	}
	return all
}

func TestImagesAreMadeOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.maker("a")
	for i := 1; i <= 2; i++ {
		if !m.Next(t.Context(), f.models()) || len(f.images()) != i {
			t.Fatalf("call %d: got %d images", i, len(f.images()))
		}
	}
	m = f.maker("b") // a restart
	made := 0
	for m.Next(t.Context(), f.models()) {
		made++
	}
	all := f.images()
	if made != 2 || len(all) != 4 || len(f.model.specs) != 4 {
		t.Fatalf("got %d more, %d in all, of %d that were rendered, want 2, 4 and 4", made, len(all), len(f.model.specs))
	}
	for i, want := range []string{"a boat", "a ship", "a kite", "a star"} {
		c, err := jpeg.DecodeConfig(bytes.NewReader(all[i].JPEG))
		s := f.model.specs[i]
		if all[i].Prompt != want || s.Prompt != want || err != nil || c.Width != 256 || c.Height != 170 {
			t.Errorf("image %d: got %q from %q, %d×%d, %v", i, all[i].Prompt, s.Prompt, c.Width, c.Height, err)
		}
		if len(all[i].JPEG) > maxBytes || s.Steps != 12 || s.Count != 1 || s.Seed != int64(i+1) {
			t.Errorf("image %d: %d bytes, %d steps, %d images, seed %d", i, len(all[i].JPEG), s.Steps, s.Count, s.Seed)
		}
	}
	f.card.Examples = []string{"a moon"}
	if m.Next(t.Context(), f.models()); len(f.images()) != 1 || f.images()[0].Prompt != "a moon" {
		t.Errorf("got %d images, want those of the new examples alone", len(f.images()))
	}
}

// TestAJobGoesFirst: an image that was given up is made another time, and its time counts.
func TestAJobGoesFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.model.begun = cancel
	if f.maker("a").Next(ctx, f.models()) || len(f.images()) != 0 {
		t.Error("an image was made, want it given up")
	}
	if n := len(f.model.specs); f.maker("a").Next(ctx, f.models()) || len(f.model.specs) != n {
		t.Error("another one was begun beside a job")
	}
	f.model.begun = nil
	if !f.maker("a").Next(t.Context(), f.models()) || len(f.images()) != 1 || f.images()[0].Prompt != "a boat" {
		t.Error("the image that was given up was not made in the next idle time")
	}
	if r := Open(f.dir).read(hash); r.Spent != 2*time.Second || r.Tries != 0 {
		t.Errorf("got %v and %d, want two seconds spent, and no try that ended the process", r.Spent, r.Tries)
	}
}

// TestAModelThatIsSlowHasFewerImages, whether its images are finished or given up again and again.
func TestAModelThatIsSlowHasFewerImages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.model.each = 6 * time.Minute
	m := f.maker("a")
	for m.Next(t.Context(), f.models()) {
	}
	if n := len(f.images()); n != 2 {
		t.Errorf("got %d images, want 2: the time is over after the second", n)
	}
	g := newFixture(t)
	g.model.each = 4 * time.Minute
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		g.model.begun = cancel
		g.maker("a").Next(ctx, g.models())
	}
	if n := len(g.model.specs); n != 3 {
		t.Errorf("begun %d times, want 3: then ten minutes are spent", n)
	}
}

// TestAModelThatEndsTheProcess is not tried for ever.
func TestAModelThatEndsTheProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.model.begun = func() { panic("the process ends") }
	try := func(name string) {
		defer func() { _ = recover() }()
		f.maker(name).Next(t.Context(), f.models())
	}
	for i := range 5 {
		try(fmt.Sprint("process ", i))
		f.clock.at = f.clock.at.Add(time.Hour)
	}
	if n := len(f.model.specs); n != 2 {
		t.Errorf("begun %d times, want 2", n)
	}
}

// TestTwoProcessesShareAFolder: while one makes an image, the other leaves that model alone.
func TestTwoProcessesShareAFolder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.model.begun = func() {
		f.model.begun = nil
		if f.maker("b").Next(t.Context(), f.models()) {
			t.Error("a second process makes the same image")
		}
	}
	f.maker("a").Next(t.Context(), f.models())
	if !f.maker("b").Next(t.Context(), f.models()) || len(f.images()) != 2 {
		t.Errorf("got %d images, want the next one by the other process", len(f.images()))
	}
}

func TestWhatCannotBeMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.model.fail = errors.New("no memory")
	m := f.maker("a")
	for m.Next(t.Context(), f.models()) {
	}
	if n := len(f.model.specs); n != 4 {
		t.Errorf("begun %d times, want each prompt once", n)
	}
	gone := f.models()
	gone[0].Load = func() Pipeline { return nil }
	f.card.Examples = []string{"a moon"}
	if gone[0].Card = f.card; m.Next(t.Context(), gone) {
		t.Error("made an image by a model that is not loaded")
	}
	f.card.FinishesImages = true
	if f.maker("a").Next(t.Context(), f.models()) {
		t.Error("made an image by a refiner")
	}
}

func TestModelsWithoutExamples(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.card.Examples = nil
	if f.maker("a").Next(t.Context(), f.models()); len(f.images()) != 1 {
		t.Error("a checkpoint without a card has no image")
	}
	if c := (request.Card{Words: request.Words{"boat"}}); len(c.ExamplePrompts()) != 0 {
		t.Error("a model that knows one word has examples of other words")
	}
}

// TestAFolderThatCannotBeWritten: the images are kept in memory.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := os.WriteFile(f.dir, nil, 0o600); err != nil { // a file in its place
		t.Fatal(err)
	}
	m := f.maker("a")
	for m.Next(t.Context(), f.models()) {
	}
	if all, err := Decode(m.Shelf.Text(hash)); err != nil || len(all) != 4 || len(f.model.specs) != 4 {
		t.Errorf("got %d images of %d, %v", len(all), len(f.model.specs), err)
	}
}

func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"half": `{"prompts":["a bo`, "an image that is none": `{"images":[{"prompt":"a boat","jpeg":"AAAA"}]}`,
	} {
		f := newFixture(t)
		if err := os.MkdirAll(f.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.dir, hash+".json"), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if len(f.images()) != 0 || !f.maker("a").Next(t.Context(), f.models()) || len(f.images()) != 1 {
			t.Errorf("%s: got %d images, want it made anew", name, len(f.images()))
		}
	}
}

func TestTheOldestFilesGo(t *testing.T) {
	t.Parallel()
	s := Open(t.TempDir())
	for i := range maxKept + 3 {
		model := fmt.Sprintf("%064x", i)
		if err := s.put(model, record{Next: i}); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
		if err := os.Chtimes(s.file(model), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := os.ReadDir(s.dir); err != nil || len(files) != maxKept {
		t.Errorf("%d files, %v, want %d", len(files), err, maxKept)
	}
	if _, err := os.Stat(s.file(fmt.Sprintf("%064x", 2))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want the third file gone", err)
	}
}

func TestDecodeTakesNothingLarger(t *testing.T) {
	t.Parallel()
	small := func(side int) []byte {
		img := image.NewNRGBA(image.Rect(0, 0, side, side))
		img.Set(0, 0, color.White)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, all := range map[string][]Image{
		"five images": {{"a", small(8)}, {"b", small(8)}, {"c", small(8)}, {"d", small(8)}, {"e", small(8)}},
		"too wide":    {{"a", small(257)}}, "no JPEG": {{"a", []byte("GIF89a")}}, "no prompt": {{"", small(8)}},
		"too long": {{"a", append(small(8), make([]byte, maxBytes)...)}},
	} {
		if got, err := Decode(Encode(all)); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: got %d images, %v", name, len(got), err)
		}
	}
	if _, err := Decode("not JSON"); !errors.Is(err, ErrUnreadable) {
		t.Errorf("got %v, want ErrUnreadable", err)
	}
}

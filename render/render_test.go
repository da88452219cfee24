package render

import (
	"image"
	"strings"
	"testing"
	"time"

	"darkroom/render/noise"
	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

func TestRender(t *testing.T) {
	t.Parallel()
	t.Run("the same Spec gives the same bytes, in every sampler and dialect", func(t *testing.T) {
		t.Parallel()
		for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
			eachSampler(t, d, func(m sampler.Method, s picture.Spec, r *Renderer, _ *fakeModel) {
				a, b := mustRender(t, r, s, Job{}), mustRender(t, r, s, Job{})
				if !sameImage(a.Tiles[0].Image, b.Tiles[0].Image) {
					t.Errorf("%s, %s: two runs differ", d, m.Name)
				}
				if got := a.Tiles[0].Image.Bounds(); got != image.Rect(0, 0, 64, 48) {
					t.Errorf("%s, %s: got an image of %v, want 64×48", d, m.Name, got)
				}
			})
		}
	})
	t.Run("each thing that decides an image changes it", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		base := mustRender(t, r, boatSpec(), Job{}).Tiles[0].Image
		for name, change := range map[string]func(*picture.Spec){
			"prompt":   func(s *picture.Spec) { s.Prompt = "a wonderful green house" },
			"negative": func(s *picture.Spec) { s.Negative = "anything whatever" },
			"seed":     func(s *picture.Spec) { s.Seed++ },
			"steps":    func(s *picture.Spec) { s.Steps++ },
			"guidance": func(s *picture.Spec) { s.GuidanceScale = 9 },
			"sampler":  func(s *picture.Spec) { s.Sampler = "euler" },
			"dialect":  func(s *picture.Spec) { s.Dialect = picture.A1111 },
			"clipskip": func(s *picture.Spec) { s.ClipSkip = 2 },
			"vary":     func(s *picture.Spec) { *s = s.Vary(3, 0.2, 1) },
			"ensd":     func(s *picture.Spec) { s.SeedDelta = 31337 },
			"resize":   func(s *picture.Spec) { s.SeedSize = &picture.Size{Width: 48, Height: 64} },
		} {
			s := boatSpec()
			change(&s)
			if sameImage(base, mustRender(t, r, s, Job{}).Tiles[0].Image) {
				t.Errorf("another %s: the image stayed the same", name)
			}
		}
	})
	t.Run("tiles are the images of their own Specs", func(t *testing.T) {
		t.Parallel()
		for name, s := range map[string]picture.Spec{"seeds": boatSpec(), "variations": boatSpec().Vary(99, 0.3, 1)} {
			s.Count = 3
			r, _ := newFake(t, Options{})
			all := mustRender(t, r, s, Job{})
			for i, tile := range all.Tiles {
				one := mustRender(t, r, s.Tile(i), Job{}).Tiles[0]
				if !sameImage(one.Image, tile.Image) || one.Seed != tile.Seed {
					t.Errorf("%s: tile %d (seed %d) differs from its own Spec's image (seed %d)", name, i, tile.Seed, one.Seed)
				}
			}
			if sameImage(all.Tiles[0].Image, all.Tiles[1].Image) {
				t.Errorf("%s: two tiles are alike", name)
			}
		}
	})
	t.Run("tiles that do not fit together are rendered in groups, to the same result", func(t *testing.T) {
		t.Parallel()
		s := boatSpec()
		s.Count = 4
		wide, wideModel := newFake(t, Options{})
		narrow, narrowModel := newFake(t, Options{BatchPixels: 2 * 64 * 48})
		a, b := mustRender(t, wide, s, Job{}), mustRender(t, narrow, s, Job{})
		for i := range a.Tiles {
			if !sameImage(a.Tiles[i].Image, b.Tiles[i].Image) {
				t.Errorf("tile %d differs", i)
			}
		}
		if got := wideModel.unetBatch.Load(); got != 8 {
			t.Errorf("one group of four, guided: got a batch of %d, want 8", got)
		}
		if got, runs := narrowModel.unetBatch.Load(), narrowModel.unetRuns.Load(); got != 4 || runs != 16 {
			t.Errorf("two groups of two, guided: got a batch of %d in %d runs, want 4 in 16", got, runs)
		}
	})
	t.Run("guidance of 1 leaves the negative prompt out", func(t *testing.T) {
		t.Parallel()
		for _, dialect := range []picture.Dialect{picture.Diffusers, picture.A1111} {
			s := boatSpec()
			s.Dialect, s.GuidanceScale = dialect, 1
			r, f := newFake(t, Options{})
			a := mustRender(t, r, s, Job{})
			s.Negative = "something else entirely"
			b := mustRender(t, r, s, Job{})
			if !sameImage(a.Tiles[0].Image, b.Tiles[0].Image) || f.unetBatch.Load() != 1 {
				t.Errorf("%s: the negative prompt had a say, in a batch of %d", dialect, f.unetBatch.Load())
			}
		}
	})
	t.Run("below 1 it leads in A1111 and is left out in diffusers", func(t *testing.T) {
		t.Parallel()
		for dialect, want := range map[picture.Dialect]bool{picture.Diffusers: false, picture.A1111: true} {
			s := boatSpec()
			s.Dialect, s.GuidanceScale = dialect, 0.5
			r, _ := newFake(t, Options{})
			a := mustRender(t, r, s, Job{})
			s.Negative = "something else entirely"
			if changed := !sameImage(a.Tiles[0].Image, mustRender(t, r, s, Job{}).Tiles[0].Image); changed != want {
				t.Errorf("%s: another negative prompt changes the image: got %v, want %v", dialect, changed, want)
			}
		}
	})
	t.Run("guidance is negative + scale × (positive − negative)", func(t *testing.T) {
		t.Parallel()
		r, f := newFake(t, Options{})
		p, err := r.newRun(boatSpec(), Job{})
		if err != nil {
			t.Fatal(err)
		}
		prompts := firstPassConditioning(t, p)
		x := noise.Draw(noise.NewTorch(1), 1, 4, 2, 2)
		got, err := p.predictor(prompts, 1)(t.Context(), x, 500)
		if err != nil {
			t.Fatal(err)
		}
		positive, _ := prompts.terms[0].at(0)
		negative, _ := prompts.negative.at(0)
		with, _ := f.Unet(t.Context(), x, 500, Conditioning{Hidden: positive.Hidden})
		without, _ := f.Unet(t.Context(), x, 500, Conditioning{Hidden: negative.Hidden})
		for i, v := range got.Data {
			if want := without.Data[i] + 5*(with.Data[i]-without.Data[i]); v-want > 1e-5 || want-v > 1e-5 {
				t.Errorf("value %d: got %v, want %v", i, v, want)
			}
		}
	})
	t.Run("a long prompt takes more chunks, and the negative one as many", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Prompt = strings.Repeat("word ", 200)
		p, err := r.newRun(s, Job{})
		if err != nil {
			t.Fatal(err)
		}
		lengths := func() (int, int) {
			prompts := firstPassConditioning(t, p)
			a, _ := prompts.terms[0].at(0)
			b, _ := prompts.negative.at(0)
			return a.Hidden.Shape[1], b.Hidden.Shape[1]
		}
		if positive, negative := lengths(); positive < 3*77 || negative != positive {
			t.Errorf("200 words: got %d and %d tokens, want at least %d, and as many", positive, negative, 3*77)
		}
		p.parts.Config.MaxChunks = 1
		if positive, negative := lengths(); positive != 77 || negative != 77 {
			t.Errorf("with room for one chunk: got %d and %d tokens", positive, negative)
		}
	})
	t.Run("unbalanced brackets are rendered", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Prompt = "((a [boat:) (("
		mustRender(t, r, s, Job{})
	})
}

func TestVariationsGrowWithStrength(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	s := boatSpec()
	s.Sampler = "ddim"
	base := mustRender(t, r, s, Job{}).Tiles[0].Image
	last := 0.0
	for _, strength := range []float64{0.1, 0.3, 0.6, 1} {
		d := meanDifference(t, base, mustRender(t, r, s.Vary(1234, strength, 1), Job{}).Tiles[0].Image)
		if d <= last {
			t.Errorf("strength %v: got distance %v, want more than %v", strength, d, last)
		}
		last = d
	}
}

func TestStageTimes(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	r, _ := newFake(t, Options{Now: func() time.Time { now = now.Add(5 * time.Millisecond); return now }})
	res := mustRender(t, r, boatSpec(), Job{})
	for _, stage := range []string{StageEncode, StageDenoise, StageDecode} {
		if res.Millis[stage] != 5 {
			t.Errorf("%s: got %d ms of a clock that goes 5 ms a look", stage, res.Millis[stage])
		}
	}
}

func TestGivenLatents(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	s := boatSpec()
	s.Sampler = "euler"
	drawn := noise.Draw(noise.NewTorch(s.Seed), 1, 4, 6, 8)
	want := mustRender(t, r, s, Job{}).Tiles[0].Image
	t.Run("that a seed would draw give the seed's image", func(t *testing.T) {
		t.Parallel()
		if got := mustRender(t, r, s, Job{Latents: &drawn}).Tiles[0].Image; !sameImage(got, want) {
			t.Errorf("the images are %v apart", meanDifference(t, got, want))
		}
	})
	t.Run("of another shape are refused", func(t *testing.T) {
		t.Parallel()
		wrong := tensor.New(1, 4, 8, 6)
		if _, err := r.Render(t.Context(), s, Job{Latents: &wrong}); err == nil ||
			!strings.Contains(err.Error(), "[1 4 8 6]") {
			t.Errorf("got %v, want an error that names the shape", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("a model with parts missing names them all", func(t *testing.T) {
		t.Parallel()
		_, err := New(Parts{}, Options{})
		for _, want := range []string{
			"text encoder", "UNet", "VAE decoder", "tokenizer", "scaling factor", "training steps",
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to name %q", err, want)
			}
		}
	})
	inputs := inputStore{}
	in := inputs.add(t, twoColours(64, 48, red, green))
	for name, c := range map[string]struct {
		change func(*picture.Spec)
		job    Job
		want   string // part of the error
	}{
		"an unknown sampler": {func(s *picture.Spec) { s.Sampler = "magic" }, Job{}, `"magic"`},
		"a sampler not proved": {
			func(s *picture.Spec) { s.Dialect, s.Sampler = picture.A1111, "ddpm" }, Job{}, `"ddpm"`,
		},
		"a consistency sampler on another model": {
			func(s *picture.Spec) { s.Sampler = "lcm" }, Job{}, "distilled to few steps",
		},
		"an eta that the sampler has not": {func(s *picture.Spec) { s.Eta = new(float64) }, Job{}, "has no eta"},
		"a rescaled guidance in A1111's dialect": {
			func(s *picture.Spec) { s.Dialect, s.Rescale = picture.A1111, 0.7 }, Job{}, "guidance can be rescaled",
		},
		"an odd size": {func(s *picture.Spec) { s.Width = 65 }, Job{}, "width 65"},
		"no steps":    {func(s *picture.Spec) { s.Steps = 0 }, Job{}, "steps 0"},
		"an add-on": {
			func(s *picture.Spec) { s.Addons = []picture.Addon{{Name: "ink", Strength: 1}} }, Job{}, `add-on "ink"`,
		},
		"a picture nobody has": {
			func(s *picture.Spec) { s.Init = &picture.Init{Picture: in, Strength: 0.5} }, Job{}, "no source of its bytes",
		},
		"a strength out of range": {func(s *picture.Spec) { s.Init = &picture.Init{Picture: in, Strength: 2} },
			Job{Input: inputs.find}, "strength 2"},
	} {
		t.Run(name+" is refused before any network runs", func(t *testing.T) {
			t.Parallel()
			r, f := newFake(t, Options{})
			s := boatSpec()
			c.change(&s)
			_, err := r.Render(t.Context(), s, c.job)
			if err == nil || !strings.Contains(err.Error(), c.want) || f.textRuns.Load()+f.unetRuns.Load() > 0 {
				t.Errorf("got %v after %d runs, want an error with %q after none", err, f.textRuns.Load()+f.unetRuns.Load(), c.want)
			}
		})
	}
}

// firstPassConditioning is what the first pass is conditioned on.
func firstPassConditioning(t *testing.T, p *run) passConditioning {
	t.Helper()
	prompts, err := p.encodePrompts(t.Context(), p.passes[0].calls)
	if err != nil {
		t.Fatal(err)
	}
	return prompts
}

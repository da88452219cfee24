package render

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
)

// tiled is a Spec whose tiles show these texts; what follows a tilde is the negative prompt.
func tiled(texts ...string) picture.Spec {
	s := boatSpec()
	s.Version, s.Count = 3, len(texts)
	var tiles []picture.TilePrompt
	for _, text := range texts {
		yes, no, _ := strings.Cut(text, "~")
		tiles = append(tiles, picture.TilePrompt{Prompt: yes, Negative: no})
	}
	s.SetPrompts(tiles)
	return s
}

// TestTilesOfTheirOwnPrompts: each tile is the image of its own Spec, whatever its neighbours show.
func TestTilesOfTheirOwnPrompts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("boat ", 100)
	for name, tt := range map[string]struct {
		spec   picture.Spec
		groups int
	}{
		"colours":                     {tiled("a red boat", "a blue boat", "a green boat", "a red boat"), 1},
		"negative prompts":            {tiled("a boat~fog", "a boat~rain", "a boat~fog"), 1},
		"one without negative prompt": {tiled("a boat~fog", "a boat"), 2},
		"lengths":                     {tiled("a boat", long, long+"red", "a boat"), 3},
		"composed prompts":            {tiled("a boat AND a star", "a house AND a moon", "a boat"), 2},
		"weights of prompts":          {tiled("a boat :0.5", "a star :0.5", "a star :0.7"), 2},
		"edits":                       {tiled("[red:blue:2] boat", "[a|b|c] boat", "a boat"), 1},
		"emphasis":                    {tiled("a (red:1.4) boat", "a boat", "(BREAK:1) a boat"), 2},
	} {
		for _, dialect := range []picture.Dialect{picture.Diffusers, picture.A1111} {
			s := tt.spec
			s.Dialect = dialect
			r, f := newFake(t, Options{})
			all := mustRender(t, r, s, Job{})
			steps := int(f.unetRuns.Load())
			for i, tile := range all.Tiles {
				alone, _ := newFake(t, Options{})
				if one := mustRender(t, alone, s.Tile(i), Job{}); !sameImage(one.Tiles[0].Image, tile.Image) {
					t.Errorf("%s, %s: tile %d differs from its own Spec's image", name, dialect, i+1)
				}
			}
			if s.Tiles[0].Prompt != s.Tiles[1].Prompt && sameImage(all.Tiles[0].Image, all.Tiles[1].Image) {
				t.Errorf("%s, %s: two tiles are alike", name, dialect)
			}
			if want := s.Steps * tt.groups; steps < want || dialect == picture.Diffusers && steps > 2*want {
				t.Errorf("%s, %s: got %d runs of the UNet, want %d groups of %d", name, dialect, steps, tt.groups, s.Steps)
			}
		}
	}
}

// TestTilesShareRuns: tiles whose prompts have one shape go through the UNet together.
func TestTilesShareRuns(t *testing.T) {
	t.Parallel()
	r, f := newFake(t, Options{})
	s := tiled("a red boat", "a blue boat", "a green boat", "a boat")
	mustRender(t, r, s, Job{})
	if got := f.unetBatch.Load(); got != 8 {
		t.Errorf("four tiles, guided: got a batch of %d, want 8", got)
	}
}

// TestTilesInBatches: jobs of different prompts, with tiles of different prompts, share their runs.
func TestTilesInBatches(t *testing.T) {
	t.Parallel()
	specs := []picture.Spec{
		tiled("a red boat", "a blue boat"), tiled("a house", "a star"), tiled("a moon", strings.Repeat("sun ", 100)),
	}
	r, f := newFake(t, Options{})
	got, errs := renderBatch(t.Context(), r, specs, nil)
	for i, s := range specs {
		alone, _ := newFake(t, Options{})
		want := mustRender(t, alone, s, Job{})
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		for k := range want.Tiles {
			if !sameImage(got[i].Tiles[k].Image, want.Tiles[k].Image) {
				t.Errorf("job %d, tile %d: differs from the job alone", i+1, k+1)
			}
		}
	}
	if got := f.unetBatch.Load(); got < 8 {
		t.Errorf("got a batch of %d, want tiles of several jobs together", got)
	}
}

func TestSDXLTilesOfTheirOwnPrompts(t *testing.T) {
	t.Parallel()
	s := tiled("red~blurry", "boat~fog")
	s.Steps = 2
	conditioning := renderRecorded(t, s, sdxl).conditionings[0]
	words := tokenizer(t)
	var want []float32
	for _, word := range []string{"blurry", "fog", "red", "boat"} {
		id := float32(words.Encode(word)[0])
		want = append(want, id, id)
	}
	if !slices.Equal(conditioning.Pooled.Data, want) {
		t.Errorf("pooled: got %v, want %v: the negative prompts of both tiles first", conditioning.Pooled.Data, want)
	}
}

// TestReadingOfOldSpecs: a Spec of version 1 or 2 is read as ever, so that its image stays.
func TestReadingOfOldSpecs(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	for _, tt := range []struct {
		version int
		reading picture.Reading
		terms   int
	}{{1, "", 2}, {2, "", 2}, {3, "", 1}, {3, picture.ReadingV2, 2}} {
		s := boatSpec()
		s.Version, s.Reading, s.Prompt = tt.version, tt.reading, "猫AND狗"
		p, err := r.newRun(s, Job{})
		if err != nil || len(p.terms) != tt.terms {
			t.Errorf("version %d, reading %q: got %d prompts, %v, want %d", tt.version, tt.reading, len(p.terms), err, tt.terms)
		}
		s.Prompt = "(red BREAK boat)"
		if p, err = r.newRun(s, Job{}); err != nil || len(p.chunksOf(s.Prompt)) != tt.terms {
			t.Errorf("version %d, reading %q: got %d chunks, %v, want %d", tt.version, tt.reading, len(p.chunksOf(s.Prompt)),
				err, tt.terms)
		}
	}
}

// TestAVAE: a model that takes no add-ons refuses a VAE, unless it is the one that it has.
func TestAVAE(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Version, s.VAE = 3, &picture.Ref{Name: "ft", Hash: strings.Repeat("a", 64)}
	r, _ := newFake(t, Options{})
	if _, err := r.Render(t.Context(), s, Job{}); err == nil || !strings.Contains(err.Error(), `the VAE "ft"`) {
		t.Errorf("got %v, want a refusal of the VAE", err)
	}
	r.parts.VAE = s.VAE.Hash // the model has it already
	mustRender(t, r, s, Job{})
}

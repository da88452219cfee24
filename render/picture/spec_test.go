package picture_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"darkroom/render/picture"
)

var update = flag.Bool("update", false, "write testdata anew; never for a Spec version that was released")

var hash = strings.Repeat("0123456789abcdef", 4)

// fullV1 is a Spec that uses every field.
func fullV1() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.A1111, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "postcards", Hash: hash},
		Addons: []picture.Addon{{Kind: "lora", Name: "ink", Hash: strings.Repeat("a", 64), Strength: 0.8}},
		Prompt: "a (red:1.2) boat & <sea>,\n\"日本\" 🙂", Negative: "fog", Width: 160, Height: 112,
		Seed: picture.MaxSeed, Count: 4, Steps: 20, GuidanceScale: 7.5, Sampler: "dpmpp_2m_karras", ClipSkip: 2,
		Variations: []picture.Variation{{Seed: 5, Strength: 0.15}, {Seed: 6, Strength: 1}},
		Init: &picture.Init{Picture: picture.Input{SHA256: hash, Width: 160, Height: 112},
			Mask: &picture.Input{SHA256: strings.Repeat("b", 64), Width: 160, Height: 112}, Strength: 0.75},
		Hires: &picture.Hires{Scale: 2, Steps: 10, Strength: 0.5},
	}
}

// fullV2 is a Spec that uses every field of version 2.
func fullV2() picture.Spec {
	s, eta := fullV1(), 0.5
	s.Version, s.Notation, s.Emphasis, s.Eta, s.Rescale = 2, picture.NotationMidjourney, picture.EmphasisNoNorm, &eta, 0.7
	s.SeedDelta, s.SeedSize, s.Tiling = 31337, &picture.Size{Width: 128, Height: 96}, true
	s.Init.Placement = &picture.Placement{X: 16, Y: 8, Width: 128, Height: 96}
	return s
}

// fullV3 is a Spec that uses every field of version 3.
func fullV3() picture.Spec {
	s := fullV2()
	s.Version, s.Hires = 3, nil
	s.Init.Window, s.Init.Mask = &picture.Size{Width: 160, Height: 112}, nil
	s.Upscaler = &picture.Ref{Name: "postcards", Hash: strings.Repeat("c", 64)}
	s.Upscale = &picture.Upscale{Scale: 2, Steps: 12, Strength: 0.2, Tile: &picture.Size{Width: 128, Height: 128}}
	half := 0.5
	s.Addons = append(s.Addons, s.Addons[0])
	s.Addons[1].TextStrength = &half
	s.Tiles = []picture.TilePrompt{
		{Prompt: s.Prompt, Negative: s.Negative}, {Prompt: "a blue boat"}, {Prompt: "b", Negative: "rain"}, {},
	}
	s.Reading, s.VAE = picture.ReadingV2, &picture.Ref{Name: "vae-ft", Hash: strings.Repeat("d", 64)}
	s.Prediction, s.ZeroSNR = picture.PredictsVelocity, true
	return s
}

// fullV4 is a Spec that uses every field of version 4.
func fullV4() picture.Spec {
	s := fullV3()
	s.Version = 4
	s.Schedule = &picture.Schedule{
		TrainSteps: 1000, BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear", Spacing: "trailing",
		StepsOffset: 1, SetAlphaToOne: new(bool), RungeKutta: true, OriginalSteps: 50,
	}
	return s
}

// plain is a Spec with nothing that may be left out.
func plain() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: "postcards", Hash: hash}, Prompt: "a red boat", Width: 128, Height: 128, Seed: 7, Count: 1,
		Steps: 12, GuidanceScale: 5, Sampler: "ddim",
	}
}

// TestGolden holds the canonical JSON of each Spec version. Rows in databases and hashes rest on these bytes: they may
// not change, and a program of any later version reads them.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]picture.Spec{
		"testdata/spec_v4_full.json": fullV4(), "testdata/spec_v3_full.json": fullV3(),
		"testdata/spec_v2_full.json": fullV2(), "testdata/spec_v1_full.json": fullV1(),
		"testdata/spec_v1_plain.json": plain(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := spec.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("canonical JSON\n got %s\nwant %s", got, want)
			}
			back, err := picture.Decode(want)
			if err != nil || !reflect.DeepEqual(back, spec) {
				t.Errorf("decoded\n got %+v and error %v\nwant %+v", back, err, spec)
			}
		})
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	// sha256sum testdata/spec_v1_plain.json
	const want = "50d16d075519fe3fdfda8cd1b2638dcbb012e00012a7403b2019ec4fc3245619"
	if got, err := plain().Hash(); err != nil || got != want {
		t.Errorf("got %s and error %v, want %s", got, err, want)
	}
	other := plain()
	other.Seed++
	if got, err := other.Hash(); err != nil || got == want {
		t.Errorf("another seed: got %s and error %v, want another hash", got, err)
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := fullV1()
		s.Prompt, s.Negative = rapid.StringN(0, 200, -1).Draw(t, "prompt"), rapid.StringN(0, 200, -1).Draw(t, "negative")
		s.Seed = rapid.Int64Range(0, picture.MaxSeed).Draw(t, "seed")
		s.GuidanceScale = rapid.Float64Range(0, 100).Draw(t, "guidance")
		s.Init.Strength = rapid.Float64Range(math.SmallestNonzeroFloat64, 1).Draw(t, "strength")
		first, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := picture.Decode(first)
		if err != nil || !reflect.DeepEqual(back, s) {
			t.Fatalf("got %+v and error %v, want %+v", back, err, s)
		}
		if second, err := back.Encode(); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("encoded again: got %s and error %v, want %s", second, err, first)
		}
	})
}

func TestTile(t *testing.T) {
	t.Parallel()
	t.Run("tile i has seed + i", func(t *testing.T) {
		t.Parallel()
		s := plain()
		s.Count = 4
		for i := range 4 {
			if got := s.Tile(i); got.Seed != 7+int64(i) || got.Count != 1 {
				t.Errorf("tile %d: got seed %d and count %d, want %d and 1", i, got.Seed, got.Count, 7+i)
			}
		}
		if s.Seed != 7 || s.Count != 4 {
			t.Errorf("the Spec itself changed: seed %d, count %d", s.Seed, s.Count)
		}
	})
	t.Run("a seed past the last begins anew", func(t *testing.T) {
		t.Parallel()
		s := fullV1()
		s.Variations = nil
		if got := s.Tile(2); got.Seed != 1 || got.Validate() != nil {
			t.Errorf("got seed %d and %v, want 1", got.Seed, got.Validate())
		}
	})
	t.Run("with variations the last one's seed moves", func(t *testing.T) {
		t.Parallel()
		s := fullV1()
		got := s.Tile(3)
		if want := []picture.Variation{{Seed: 5, Strength: 0.15}, {Seed: 9, Strength: 1}}; !reflect.DeepEqual(
			got.Variations, want,
		) ||
			got.Seed != s.Seed {
			t.Errorf("got seed %d and %v, want %d and %v", got.Seed, got.Variations, s.Seed, want)
		}
		if s.Variations[1].Seed != 6 {
			t.Errorf("the Spec's own variations changed: %v", s.Variations)
		}
	})
	t.Run("a tile of a tile is itself", func(t *testing.T) {
		t.Parallel()
		s := fullV1().Tile(2)
		if got := s.Tile(0); !reflect.DeepEqual(got, s) {
			t.Errorf("got %+v, want %+v", got, s)
		}
	})
}

func TestVary(t *testing.T) {
	t.Parallel()
	s := plain()
	once := s.Vary(100, 0.15, 4)
	if want := []picture.Variation{{Seed: 100, Strength: 0.15}}; !reflect.DeepEqual(once.Variations, want) ||
		once.Count != 4 ||
		once.Seed != 7 {
		t.Fatalf("got %+v, want the seed kept, count 4 and %v", once, want)
	}
	tile := once.Tile(2)
	twice, other := tile.Vary(200, 0.5, 4), tile.Vary(300, 1, 4)
	want := []picture.Variation{{Seed: 102, Strength: 0.15}, {Seed: 200, Strength: 0.5}}
	if !reflect.DeepEqual(twice.Variations, want) {
		t.Errorf("a variation of a variation: got %v, want %v", twice.Variations, want)
	}
	if other.Variations[1].Seed != 300 || len(s.Variations) != 0 || len(tile.Variations) != 1 {
		t.Errorf("variations share memory: %v, %v, %v", other.Variations, s.Variations, tile.Variations)
	}
	if err := errorsOf(once, twice, other); err != nil {
		t.Error(err)
	}
}

func errorsOf(specs ...picture.Spec) error {
	for _, s := range specs {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := errorsOf(plain(), fullV1(), fullV2(), fullV3(), fullV4()); err != nil {
		t.Fatalf("good Specs: got %v", err)
	}
	for name, tt := range map[string]struct {
		spoil func(*picture.Spec)
		want  string
	}{
		"no version": {func(s *picture.Spec) { s.Version = 0 }, "spec version 0"},
		"a newer version": {
			func(s *picture.Spec) { s.Version = picture.Version + 1 }, "spec version 5: this program reads 1 to 4",
		},
		"an unknown dialect":  {func(s *picture.Spec) { s.Dialect = "comfy" }, `dialect "comfy"`},
		"an unknown notation": {func(s *picture.Spec) { s.Notation = "" }, `notation ""`},
		"a prompt too long": {
			func(s *picture.Spec) { s.Prompt = strings.Repeat("é", 4001) }, "prompt: 4001 characters, at most 4000",
		},
		"a negative prompt too long": {
			func(s *picture.Spec) { s.Negative = strings.Repeat("é", 4001) }, "negative prompt: 4001 characters",
		},
		"a width between cells":        {func(s *picture.Spec) { s.Width = 100 }, "width 100: want a multiple of 8"},
		"no height":                    {func(s *picture.Spec) { s.Height = 0 }, "height 0"},
		"a width too large":            {func(s *picture.Spec) { s.Width = 4104 }, "width 4104"},
		"a negative seed":              {func(s *picture.Spec) { s.Seed = -1 }, "seed -1"},
		"a seed too large":             {func(s *picture.Spec) { s.Seed = picture.MaxSeed + 1 }, "seed 9007199254740992"},
		"no tiles":                     {func(s *picture.Spec) { s.Count = 0 }, "count 0"},
		"too many tiles":               {func(s *picture.Spec) { s.Count = 5 }, "count 5"},
		"no steps":                     {func(s *picture.Spec) { s.Steps = 0 }, "steps 0"},
		"too many steps":               {func(s *picture.Spec) { s.Steps = 151 }, "steps 151"},
		"a guidance below nothing":     {func(s *picture.Spec) { s.GuidanceScale = -0.1 }, "guidance scale -0.1"},
		"a guidance that is no number": {func(s *picture.Spec) { s.GuidanceScale = math.NaN() }, "guidance scale NaN"},
		"no sampler":                   {func(s *picture.Spec) { s.Sampler = "" }, "sampler: none named"},
		"a variation of nothing": {
			func(s *picture.Spec) { s.Variations = []picture.Variation{{Seed: 1}} }, "variation (1, 0)",
		},
		"a variation's seed": {
			func(s *picture.Spec) { s.Variations = []picture.Variation{{Seed: -1, Strength: 1}} }, "variation (-1, 1)",
		},
		"a strength of nothing": {
			func(s *picture.Spec) { s.Init = &picture.Init{Picture: picture.Input{SHA256: hash}} }, "strength 0",
		},
		"a start picture without hash": {
			func(s *picture.Spec) { s.Init = &picture.Init{Picture: picture.Input{SHA256: "ABC"}, Strength: 1} },
			`init image: "ABC"`,
		},
		"a mask without hash": {func(s *picture.Spec) {
			s.Init = &picture.Init{Picture: picture.Input{SHA256: hash}, Mask: &picture.Input{}, Strength: 1}
		}, `mask: ""`},
		"a prompt that is no text":   {func(s *picture.Spec) { s.Prompt = "a\xff" }, "prompt: not valid UTF-8"},
		"an unknown emphasis":        {func(s *picture.Spec) { s.Emphasis = "loud" }, `emphasis "loud"`},
		"an eta above one":           {func(s *picture.Spec) { eta := 1.5; s.Eta = &eta }, "eta 1.5"},
		"a rescale that is no share": {func(s *picture.Spec) { s.Rescale = math.NaN() }, "guidance rescale NaN"},
		"a negative seed delta":      {func(s *picture.Spec) { s.SeedDelta = -1 }, "seed delta -1"},
		"a seed size of nothing":     {func(s *picture.Spec) { s.SeedSize = &picture.Size{Width: 64} }, "seed size 64×0"},
		"a place outside": {func(s *picture.Spec) {
			s.Init = &picture.Init{
				Picture: picture.Input{SHA256: hash}, Placement: &picture.Placement{X: -96, Width: 96, Height: 64}, Strength: 1,
			}
		}, "place {X:-96 Y:0 Width:96 Height:64}"},
		"tiles in a version without": {func(s *picture.Spec) {
			s.Tiles = []picture.TilePrompt{{Prompt: s.Prompt}}
		}, "spec version 1: its fields need version 3"},
		"prompts of fewer tiles": {func(s *picture.Spec) {
			s.Version, s.Count, s.Tiles = 3, 2, []picture.TilePrompt{{Prompt: s.Prompt}}
		}, "prompts of 1 tiles, want 2"},
		"a first tile of its own": {func(s *picture.Spec) {
			s.Version, s.Tiles = 3, []picture.TilePrompt{{Prompt: "another"}}
		}, "the first tile's prompts are not the Spec's"},
		"a tile's prompt too long": {func(s *picture.Spec) {
			s.Version, s.Count = 3, 2
			s.Tiles = []picture.TilePrompt{{Prompt: s.Prompt}, {Prompt: strings.Repeat("é", 4001)}}
		}, "prompt of tile 2: 4001 characters"},
		"an unknown reading":   {func(s *picture.Spec) { s.Version, s.Reading = 3, "v1" }, `reading "v1"`},
		"a VAE without a hash": {func(s *picture.Spec) { s.Version, s.VAE = 3, &picture.Ref{Name: "x"} }, `vae: ""`},
		"a schedule in a version without": {func(s *picture.Spec) {
			s.Version, s.Schedule = 3, &picture.Schedule{}
		}, "spec version 3: its schedule needs version 4"},
		"an unknown prediction": {func(s *picture.Spec) { s.Version, s.Prediction = 3, "flow" }, `prediction "flow"`},
		"zero SNR of nothing":   {func(s *picture.Spec) { s.Version, s.ZeroSNR = 3, true }, "zero SNR"},
		"an upscale in a version without": {func(s *picture.Spec) {
			s.Upscale = &picture.Upscale{Scale: 2}
		}, "spec version 1: its fields need version 3"},
		"an upscale that shrinks": {func(s *picture.Spec) {
			s.Version, s.Upscale = 3, &picture.Upscale{Scale: 0.5}
		}, "upscale by 0.5"},
		"an upscale beyond the largest side": {func(s *picture.Spec) {
			s.Version, s.Width, s.Upscale = 3, 2048, &picture.Upscale{Scale: 4}
		}, "upscale to 8192×512"},
		"repainting without a tile": {func(s *picture.Spec) {
			s.Version, s.Upscale = 3, &picture.Upscale{Scale: 2, Steps: 9, Strength: 0.2}
		}, "repaint by 0.2 in 9 steps"},
		"an upscaler without a hash": {func(s *picture.Spec) {
			s.Version, s.Upscaler = 3, &picture.Ref{Name: "x"}
		}, `upscaler: ""`},
		"a window without a place": {func(s *picture.Spec) {
			s.Version = 3
			s.Init = &picture.Init{
				Picture: picture.Input{SHA256: hash}, Strength: 1, Window: &picture.Size{Width: 64, Height: 64},
			}
		}, "window: want a place on the canvas"},
		"a second pass that shrinks": {
			func(s *picture.Spec) { s.Hires = &picture.Hires{Scale: 1, Steps: 1, Strength: 1} }, "hires (1, 1, 1)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plain()
			tt.spoil(&s)
			err := s.Validate()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	t.Run("faults are told in the order of the fields", func(t *testing.T) {
		t.Parallel()
		s := plain()
		s.Prompt, s.Negative, s.Width, s.Height = "a\xff", "b\xff", 1, 2
		want := "prompt: not valid UTF-8\nnegative prompt: not valid UTF-8\n" +
			"width 1: want a multiple of 8 up to 4096\nheight 2: want a multiple of 8 up to 4096"
		for range 20 {
			if got := s.Validate().Error(); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("all faults are told at once", func(t *testing.T) {
		t.Parallel()
		err := picture.Spec{}.Validate()
		for _, want := range []string{"version", "dialect", "notation", "width", "height", "count", "steps", "sampler"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing": "", "no JSON": "{", "a bad Spec": `{"v":1}`, "another shape": `[1]`,
		"a fraction for a seed": `{"v":1,"seed":1.5}`,
	} {
		if s, err := picture.Decode([]byte(data)); err == nil || !reflect.DeepEqual(s, picture.Spec{}) {
			t.Errorf("%s: got %+v and error %v, want an error and no Spec", name, s, err)
		}
	}
	s := plain()
	s.GuidanceScale = math.Inf(1)
	if data, err := s.Encode(); err == nil {
		t.Errorf("an infinite guidance: got %s, want an error", data)
	}
	if hash, err := s.Hash(); err == nil {
		t.Errorf("an infinite guidance: got hash %s, want an error", hash)
	}
}

package encode_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

var modelHash = "0123456789abcdef" + strings.Repeat("0", 48)

func boatSpec() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "postcards", Hash: modelHash},
		Prompt: "a red boat on a (blue:1.2) sea", Width: 160, Height: 112, Seed: 7, Count: 1,
		Steps: 20, GuidanceScale: 7.5, Sampler: "dpmpp_2m_karras",
	}
}

func TestFormatParameters(t *testing.T) {
	t.Parallel()
	const tail = ", RNG: CPU, Dialect: diffusers, Version: darkroom 1.2.3"
	for name, tt := range map[string]struct {
		change func(*picture.Spec)
		want   string
	}{
		"a plain picture": {func(*picture.Spec) {},
			"a red boat on a (blue:1.2) sea\n" +
				"Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards" + tail},
		"a negative prompt and a whole guidance": {
			func(s *picture.Spec) { s.Negative, s.GuidanceScale, s.Sampler = "fog", 7, "euler_a" },
			"a red boat on a (blue:1.2) sea\nNegative prompt: fog\n" +
				"Steps: 20, Sampler: Euler a, Schedule type: Uniform, CFG scale: 7, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards" + tail,
		},
		"one variation, as A1111 names it": {
			func(s *picture.Spec) { s.Variations = []picture.Variation{{Seed: 9, Strength: 0.15}} },
			"a red boat on a (blue:1.2) sea\n" +
				"Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards, " +
				"Variation seed: 9, Variation seed strength: 0.15" + tail,
		},
		"a second pass": {func(s *picture.Spec) {
			s.Hires, s.ClipSkip = &picture.Hires{Scale: 2, Steps: 10, Strength: 0.5}, 2
		},
			"a red boat on a (blue:1.2) sea\n" +
				"Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards, " +
				"Denoising strength: 0.5, Hires upscale: 2, Hires steps: 10, Hires upscaler: Latent, Clip skip: 2" + tail},
		"an upscale, as A1111's extras name it": {
			func(s *picture.Spec) { s.Upscale = &picture.Upscale{Scale: 2} },
			"a red boat on a (blue:1.2) sea\n" +
				"Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards, " +
				"Postprocess upscale by: 2, Postprocess upscaler: Lanczos" + tail},
		"the a1111 dialect draws a graphics card's noise": {func(s *picture.Spec) { s.Dialect = picture.A1111 },
			"a red boat on a (blue:1.2) sea\n" +
				"Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards, " +
				"RNG: NV, Dialect: a1111, Version: darkroom 1.2.3"},
		"what most pictures leave as it is": {func(s *picture.Spec) {
			s.Dialect, s.Sampler, s.Eta, s.Rescale = picture.A1111, "ddim", new(0.5), 0.7
			s.Emphasis, s.SeedDelta = picture.EmphasisNoNorm, 31337
			s.SeedSize, s.Tiling, s.Notation = &picture.Size{Width: 64, Height: 96}, true, picture.NotationMidjourney
		},
			"a red boat on a (blue:1.2) sea\n" +
				"Steps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 7, Size: 160x112, Model hash: 0123456789, Model: postcards, " +
				"Seed resize from: 64x96, ENSD: 31337, RNG: NV, Tiling: True, Emphasis: No norm, Eta DDIM: 0.5, " +
				"Guidance rescale: 0.7, " +
				"Notation: midjourney, Dialect: a1111, Version: darkroom 1.2.3"},
		"a model that needs quotes": {func(s *picture.Spec) { s.Model.Name = `a, "b": c` },
			"a red boat on a (blue:1.2) sea\n" +
				`Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, ` +
				`Model hash: 0123456789, Model: "a, \"b\": c"` + tail},
		"a prompt that would not read back": {func(s *picture.Spec) { s.Prompt = " Negative prompt: é " },
			"Negative prompt: é \n" +
				"Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, Size: 160x112, " +
				"Model hash: 0123456789, Model: postcards, " +
				`RNG: CPU, Dialect: diffusers, Exact prompt: " Negative prompt: é ", Version: darkroom 1.2.3`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := boatSpec()
			tt.change(&s)
			if got := encode.FormatParameters(s, encode.Extra{Version: "darkroom 1.2.3"}); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestParseParameters(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want encode.Parameters
	}{
		"A1111's own example": {
			"girl with an artist's beret, detailed\nNegative prompt: ugly, fat,\nmessy drawing\n" +
				"Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x768, Model hash: 45dee52b",
			encode.Parameters{
				Prompt: "girl with an artist's beret, detailed", Negative: "ugly, fat,\nmessy drawing", Steps: 20,
				Sampler: "euler_a", GuidanceScale: 7, Seed: 965400086, Width: 512, Height: 768,
				Model: picture.Ref{Hash: "45dee52b"},
			},
		},
		"a schedule apart, as since 1.9": {
			"a\nSteps: 5, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 8x8, Version: v1.10.1",
			encode.Parameters{
				Prompt: "a", Steps: 5, Sampler: "dpmpp_2m_karras", GuidanceScale: 7, Seed: 1, Width: 8, Height: 8,
				Version: "v1.10.1",
			},
		},
		"a sampler of which we have none": {
			"a\nSteps: 5, Sampler: DDIM CFG++, CFG scale: 7",
			encode.Parameters{Prompt: "a", Steps: 5, Sampler: "DDIM CFG++", GuidanceScale: 7, Seed: -1},
		},
		"no schedule since 1.9 is the sampler's own": {
			"a\nSteps: 5, Sampler: DPM++ 2M SDE, CFG scale: 7, Seed: 1, Version: v1.10.1",
			encode.Parameters{
				Prompt: "a", Steps: 5, Sampler: "dpmpp_2m_sde_exponential", GuidanceScale: 7, Seed: 1, Version: "v1.10.1",
			},
		},
		"no schedule in 1.9 itself, too": {
			"a\nSteps: 5, Sampler: DPM++ 2M SDE, CFG scale: 7, Seed: 1, Version: v1.9.0",
			encode.Parameters{
				Prompt: "a", Steps: 5, Sampler: "dpmpp_2m_sde_exponential", GuidanceScale: 7, Seed: 1, Version: "v1.9.0",
			},
		},
		"no schedule in the version before is the uniform one": {
			"a\nSteps: 5, Sampler: DPM++ 2M SDE, CFG scale: 7, Seed: 1, Version: v1.8.0",
			encode.Parameters{Prompt: "a", Steps: 5, Sampler: "dpmpp_2m_sde", GuidanceScale: 7, Seed: 1, Version: "v1.8.0"},
		},
		"no schedule before 1.9 is the uniform one": {
			"a\nSteps: 5, Sampler: DPM++ 2M SDE, CFG scale: 7, Seed: 1, Version: 1.8.0, Hires checkpoint: x",
			encode.Parameters{Prompt: "a", Steps: 5, Sampler: "dpmpp_2m_sde", GuidanceScale: 7, Seed: 1, Version: "1.8.0"},
		},
		"no schedule in a program made from 1.10": {
			"a\nSteps: 5, Sampler: Restart, CFG scale: 7, Seed: 1, Version: f2.0.1v1.10.1-previous-224-g900196889",
			encode.Parameters{
				Prompt: "a", Steps: 5, Sampler: "restart_karras", GuidanceScale: 7, Seed: 1,
				Version: "f2.0.1v1.10.1-previous-224-g900196889",
			},
		},
		"all that A1111 says of noise": {
			"a\nSteps: 5, Sampler: Euler a, Schedule type: SGM Uniform, CFG scale: 7, Seed: 1, Variation seed: 3, " +
				"Variation seed strength: 0.2, " +
				"Seed resize from: 512x768, Clip skip: 2, ENSD: 31337, RNG: NV, Tiling: True, Emphasis: No norm, Eta: 0.67",
			encode.Parameters{
				Prompt: "a", Steps: 5, Sampler: "euler_a_sgm_uniform", GuidanceScale: 7, Seed: 1, ClipSkip: 2, SeedDelta: 31337,
				Tiling: true, Variations: []picture.Variation{{Seed: 3, Strength: 0.2}},
				SeedSize: &picture.Size{Width: 512, Height: 768}, Emphasis: picture.EmphasisNoNorm, Eta: new(0.67),
			},
		},
		"DDIM has an eta of its own": {
			"a\nSteps: 5, Sampler: DDIM, CFG scale: 7, Eta: 0.3, Eta DDIM: 0.5",
			encode.Parameters{Prompt: "a", Steps: 5, Sampler: "ddim", GuidanceScale: 7, Seed: -1, Eta: new(0.5)},
		},
		"a line with two fields is prompt": {
			"a\nSteps: 5, Seed: 1",
			encode.Parameters{Prompt: "a\nSteps: 5, Seed: 1", Seed: -1},
		},
		"numbers that are none": {"a\nSteps: x, Seed: y, CFG scale: z", encode.Parameters{Prompt: "a", Seed: -1}},
		"only a line of fields": {"Steps: 5, Seed: 1, CFG scale: 7", encode.Parameters{Steps: 5, Seed: 1, GuidanceScale: 7}},
		"nothing":               {"", encode.Parameters{Seed: -1}},
		"an img2img of A1111's": {
			"a\nSteps: 5, Seed: 1, CFG scale: 7, Denoising strength: 0.75",
			encode.Parameters{Prompt: "a", Steps: 5, Seed: 1, GuidanceScale: 7},
		},
		"quotes that are broken": {
			"a\nSteps: 5, Seed: 1, CFG scale: 7, Model: \"b\\x\"",
			encode.Parameters{Prompt: "a", Steps: 5, Seed: 1, GuidanceScale: 7, Model: picture.Ref{Name: `"b\x"`}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := encode.ParseParameters(tt.text)
			got.Fields = nil
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Read(%q)\n got %+v\nwant %+v", tt.text, got, tt.want)
			}
		})
	}
}

func TestParametersField(t *testing.T) {
	t.Parallel()
	r := encode.ParseParameters(`a` + "\n" + `Steps: 5, Lora hashes: "ink: 12, oil: 34", Seed: 1`)
	if got, ok := r.Field("Lora hashes"); !ok || got != "ink: 12, oil: 34" {
		t.Errorf("got %q %v, want the unquoted value", got, ok)
	}
	if got, ok := r.Field("Model"); ok {
		t.Errorf("got %q for a key that is not there", got)
	}
}

// awkwardPieces are pieces of prompts that the text's own syntax could be mistaken for.
var awkwardPieces = []string{
	"a", " ", "\n", "\r\n", "\t", ",", ":", `"`, `\`, "Negative prompt:", "Steps: 1, Seed: 2, Size: 3x4", "é", "日本", "🙂",
	"\u2028", "\u0085", "\x1c", "\x00", "<lora:x:1>", "Exact prompt: x",
}

func drawSpec(t *rapid.T) picture.Spec {
	prompt := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(awkwardPieces), 0, 12).Draw(t, "pieces"), "")
	})
	seeds := rapid.Int64Range(0, picture.MaxSeed)
	strengths := rapid.Float64Range(0.001, 1)
	s := boatSpec()
	s.Version = rapid.IntRange(1, 3).Draw(t, "version")
	s.Dialect = rapid.SampledFrom([]picture.Dialect{picture.Diffusers, picture.A1111}).Draw(t, "dialect")
	s.Prompt, s.Negative, s.Model.Name = prompt.Draw(t, "prompt"), prompt.Draw(t, "negative"), prompt.Draw(t, "model")
	s.Width, s.Height = 8*rapid.IntRange(1, 512).Draw(t, "width"), 8*rapid.IntRange(1, 512).Draw(t, "height")
	s.Seed, s.Steps = seeds.Draw(t, "seed"), rapid.IntRange(1, picture.MaxSteps).Draw(t, "steps")
	s.GuidanceScale = rapid.Float64Range(0, 100).Draw(t, "guidance")
	s.Sampler = rapid.SampledFrom(sampler.Names(s.Dialect)).Draw(t, "sampler")
	s.ClipSkip = rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "clip skip")
	for range rapid.IntRange(0, 3).Draw(t, "variations") {
		s.Variations = append(
			s.Variations, picture.Variation{Seed: seeds.Draw(t, "seed"), Strength: strengths.Draw(t, "strength")},
		)
	}
	if rapid.Bool().Draw(t, "rarer") {
		s.Eta, s.Rescale, s.SeedDelta = new(
			rapid.Float64Range(0, 1).Draw(t, "eta"),
		), strengths.Draw(
			t, "rescale",
		), seeds.Draw(
			t, "delta",
		)
		s.Emphasis, s.Tiling, s.Notation = picture.EmphasisNoNorm, true, picture.NotationMidjourney
		s.Stop = 60
		s.SeedSize = &picture.Size{
			Width: rapid.IntRange(8, 4096).Draw(t, "seed width"), Height: rapid.IntRange(8, 4096).Draw(t, "seed height"),
		}
	}
	if rapid.Bool().Draw(t, "init") {
		s.Init = &picture.Init{Picture: picture.Input{SHA256: modelHash}, Strength: strengths.Draw(t, "strength")}
		if rapid.Bool().Draw(t, "mask") {
			s.Init.Mask = &picture.Input{SHA256: strings.Repeat("b", 64)}
		}
		if rapid.Bool().Draw(t, "place") {
			s.Init.Placement = &picture.Placement{X: rapid.IntRange(0, 9).Draw(t, "x"), Y: 8, Width: 64, Height: 72}
		}
	}
	if s.Init != nil && s.Init.Placement != nil && rapid.Bool().Draw(t, "window") {
		s.Init.Window = &picture.Size{Width: 64, Height: 64}
	}
	if rapid.Bool().Draw(t, "upscale") {
		s.Upscale = &picture.Upscale{Scale: rapid.Float64Range(1.1, 4).Draw(t, "by")}
		if rapid.Bool().Draw(t, "upscaler") {
			s.Upscaler = &picture.Ref{Name: "an upscaler, 4x", Hash: strings.Repeat("c", 64)}
		} else if rapid.Bool().Draw(t, "repainted") {
			s.Upscale.Steps, s.Upscale.Strength = 12, strengths.Draw(t, "tile strength")
			s.Upscale.Tile = &picture.Size{Width: 128, Height: 96}
		}
	}
	if rapid.Bool().Draw(t, "hires") {
		s.Hires = &picture.Hires{
			Scale: rapid.Float64Range(1.1, 4).Draw(t, "scale"), Steps: rapid.IntRange(1, 50).Draw(t, "hires steps"),
			Strength: strengths.Draw(t, "strength"),
		}
	}
	return s
}

func TestParametersReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		text := encode.FormatParameters(s, encode.Extra{Version: "darkroom 1.0, test"})
		got := encode.ParseParameters(text)
		got.Fields = nil
		want := encode.Parameters{
			Prompt: s.Prompt, Negative: s.Negative, Steps: s.Steps, Sampler: s.Sampler, GuidanceScale: s.GuidanceScale,
			Seed: s.Seed, Width: s.Width, Height: s.Height, Model: picture.Ref{Name: s.Model.Name, Hash: s.Model.Hash[:10]},
			Dialect: s.Dialect, ClipSkip: s.ClipSkip, Variations: s.Variations, Init: s.Init, Hires: s.Hires,
			Version: "darkroom 1.0, test", Emphasis: s.Emphasis, Eta: s.Eta, Rescale: s.Rescale, SeedDelta: s.SeedDelta,
			SeedSize: s.SeedSize, Tiling: s.Tiling, Stop: s.Stop, Upscaler: s.Upscaler, Upscale: s.Upscale,
		}
		if s.Notation != picture.NotationA1111 {
			want.Notation = s.Notation
		}
		if s.Version < 3 {
			want.Reading = picture.ReadingV2
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("wrote %q\n got %+v\nwant %+v", text, got, want)
		}
	})
}

// TestParametersBeyondASCII: Python's \w and \d are Unicode's, so A1111 reads keys of extensions in any script.
func TestParametersBeyondASCII(t *testing.T) {
	t.Parallel()
	got := encode.ParseParameters("猫\nSteps: ２０, Sampler: Euler a, CFG scale: 7.５, Seed: １２, Size: ５１２x768, " +
		"ADetailer 模型 2nd: face.pt,\u3000ADetailer Ж/é-1:\u00a0x, Version: v1.10.1")
	var keys []string
	for _, f := range got.Fields {
		keys = append(keys, f.Key+"="+f.Value)
	}
	want := []string{
		"Steps=２０", "Sampler=Euler a", "CFG scale=7.５", "Seed=１２", "Size=５１２x768", "ADetailer 模型 2nd=face.pt",
		"ADetailer Ж/é-1=x", "Version=v1.10.1",
	}
	if !slices.Equal(keys, want) || got.Seed != 12 || got.Steps != 20 || got.GuidanceScale != 7.5 || got.Width != 512 {
		t.Errorf("got %q in %+v, want %q", keys, got, want)
	}
}

// TestParametersOfOldNames: text of A1111 1.9 and later may still have the schedule in the sampler's name.
func TestParametersOfOldNames(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		"Sampler: DPM++ 2M Karras":                                 "dpmpp_2m_karras",
		"Sampler: DPM++ 2M":                                        "dpmpp_2m_karras",
		"Sampler: DPM++ 2M SDE Exponential":                        "dpmpp_2m_sde_exponential",
		"Sampler: Euler a":                                         "euler_a",
		"Sampler: DPM++ 2M Karras, Schedule type: Karras":          "dpmpp_2m_karras",
		"Sampler: DPM++ 3M SDE Karras, Schedule type: Exponential": "dpmpp_3m_sde_karras",
	} {
		text := "a boat\nSteps: 20, " + field + ", CFG scale: 7, Seed: 1, Size: 512x512, Version: v1.9.4"
		if got := encode.ParseParameters(text).Sampler; got != want {
			t.Errorf("%s: got %q, want %q", field, got, want)
		}
	}
}

// TestReadingOfText: text of earlier programs says nothing of how its prompts are read.
func TestReadingOfText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*picture.Spec)
		want   picture.Reading
	}{
		"an old Spec": {func(s *picture.Spec) { s.Version = 2 }, picture.ReadingV2},
		"a new Spec":  {func(s *picture.Spec) { s.Version = 3 }, ""},
		"an old Spec with new fields": {func(s *picture.Spec) {
			s.Version, s.Reading = 3, picture.ReadingV2
		}, picture.ReadingV2},
	} {
		s := boatSpec()
		tt.change(&s)
		if got := encode.ParseParameters(encode.FormatParameters(s, encode.Extra{})).Reading; got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	if got := encode.ParseParameters("a\nSteps: 20, Sampler: Euler, Seed: 1, Size: 8x8").Reading; got != "" {
		t.Errorf("text of A1111: got %q, want its own reading", got)
	}
}

func FuzzParseParameters(f *testing.F) {
	for _, seed := range []string{
		"", "a\nNegative prompt: b\nSteps: 1, Seed: 2, Size: 3x4", `x: "`, `a: "\`,
		"Size: 99999999999999999999x1, a b: c, d e: f", "Variations: 1:2:3 :, ab: c, de: f",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := encode.ParseParameters(text)
		s := boatSpec()
		s.Prompt, s.Negative = r.Prompt, r.Negative
		again := encode.ParseParameters(encode.FormatParameters(s, encode.Extra{}))
		if want := strings.ToValidUTF8(r.Prompt, "\uFFFD"); again.Prompt != want {
			t.Errorf("prompt %q reads back as %q", want, again.Prompt)
		}
		if want := strings.ToValidUTF8(r.Negative, "\uFFFD"); again.Negative != want {
			t.Errorf("negative prompt %q reads back as %q", want, again.Negative)
		}
	})
}

func TestSamplerNames(t *testing.T) {
	t.Parallel()
	for name, title := range map[string]string{
		"ddim": "DDIM", "euler": "Euler", "euler_a": "Euler a", "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_karras": "DPM++ 2M Karras",
		"dpmpp_2m_sde_heun_exponential": "DPM++ 2M SDE Heun Exponential", "dpm2_a_ays": "DPM2 a Align Your Steps",
		"unipc_karras": "UniPC Karras",
	} {
		if got := encode.SamplerTitle(name); got != title {
			t.Errorf("SamplerTitle(%q) = %q, want %q", name, got, title)
		}
		for _, written := range []string{title, strings.ToLower(title), name, " " + title + " "} {
			if got := encode.SamplerName(written, ""); got != name {
				t.Errorf("SamplerName(%q) = %q, want %q", written, got, name)
			}
		}
	}
	for _, tt := range []struct{ title, schedule, want string }{
		{"DPM++ 2M", "Karras", "dpmpp_2m_karras"}, {"DPM++ 2M", "Automatic", "dpmpp_2m_karras"},
		{"Euler a", "Uniform", "euler_a"}, {"Euler a", "Automatic", "euler_a"}, {"Euler", "Exponential", "euler_exponential"},
		{"LMS", "", "lms"}, {"LMS", "Normal", "lms"}, {"DPM2 a", "SGMUniform", "dpm2_a_sgm_uniform"},
		{"DDIM", "Automatic", "ddim"}, {"Heun", "Turbo", "Heun Turbo"},
		{"DPM++ 2M Karras", "Automatic", "dpmpp_2m_karras"}, {"DPM++ 2M Karras", "Exponential", "dpmpp_2m_karras"},
		{"DPM++ 2M SDE Heun Exponential", "Automatic", "dpmpp_2m_sde_heun_exponential"},
		{"Euler a Karras", "Uniform", "euler_a_karras"}, {"Euler Turbo", "Automatic", "Euler Turbo"},
	} {
		if got := encode.SamplerName(tt.title, tt.schedule); got != tt.want {
			t.Errorf("SamplerName(%q, %q) = %q, want %q", tt.title, tt.schedule, got, tt.want)
		}
	}
}

// Every sampler that is offered has a title of its own, and is found by it.
func TestEverySamplerHasATitle(t *testing.T) {
	t.Parallel()
	for _, d := range []sampler.Dialect{sampler.Diffusers, sampler.A1111} {
		for _, name := range sampler.Names(d) {
			title := encode.SamplerTitle(name)
			if back := encode.SamplerName(title, ""); title == name || back != name {
				t.Errorf("%s: got the title %q, which is read as %q", name, title, back)
			}
		}
	}
}

package render

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/family"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// conditioningRecorder is a fake model that gives pooled vectors, the first token after BOS twice, and records its
// conditioning.
type conditioningRecorder struct {
	*fakeModel
	skips         []int
	conditionings []Conditioning
}

func (f *conditioningRecorder) EncodeText(ctx context.Context, ids [][]int32, skip int) (TextEncoding, error) {
	f.skips = append(f.skips, skip)
	read, err := f.fakeModel.EncodeText(ctx, ids, skip)
	read.Pooled = tensor.New(len(ids), 2)
	for i, chunk := range ids {
		read.Pooled.Data[2*i], read.Pooled.Data[2*i+1] = float32(chunk[1]), float32(chunk[1])
	}
	return read, err
}

func (f *conditioningRecorder) Unet(
	ctx context.Context, x tensor.Tensor, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	f.conditionings = append(f.conditionings, conditioning)
	return f.fakeModel.Unet(ctx, x, time, conditioning)
}

// renderRecorded renders a Spec with a model of a family and returns the recorder.
func renderRecorded(t *testing.T, s picture.Spec, as func(*Config)) *conditioningRecorder {
	t.Helper()
	f := &conditioningRecorder{fakeModel: &fakeModel{}}
	parts := f.parts()
	parts.Tokenizers, parts.Unet, parts.Text = tokenizers(t), f, f
	as(&parts.Config)
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustRender(t, r, s, Job{})
	return f
}

func sdxl(c *Config) {
	c.Family, c.SkippableLayers, c.ZerosForEmptyPrompt = family.SDXL, 11, true
}

// TestRefiner: a prompt and a negative one are told other aesthetic scores, in one run of the UNet and in several.
func TestRefiner(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Steps, s.Count = 2, 2
	refiner := func(c *Config) { c.Family, c.SkippableLayers = family.Refiner, 11 }
	no, yes := []float32{48, 64, 0, 0, 2.5}, []float32{48, 64, 0, 0, 6}
	both := slices.Concat(no, no, yes, yes)
	for name, c := range map[string]struct {
		change func(*picture.Spec)
		want   [][]float32 // by run of the UNet in the first step
	}{
		"diffusers":         {func(*picture.Spec) {}, [][]float32{both}},
		"A1111":             {func(s *picture.Spec) { s.Dialect = picture.A1111 }, [][]float32{both}},
		"two joined by AND": {func(s *picture.Spec) { s.Prompt += " AND fog" }, [][]float32{slices.Concat(both, yes, yes)}},
		"no guidance":       {func(s *picture.Spec) { s.GuidanceScale = 1 }, [][]float32{slices.Concat(yes, yes)}},
		"lengths that differ": {func(s *picture.Spec) {
			s.Dialect, s.Prompt = picture.A1111, "red "+strings.Repeat("boat ", 100)
		}, [][]float32{slices.Concat(no, no), slices.Concat(yes, yes)}},
	} {
		s := s
		c.change(&s)
		runs := renderRecorded(t, s, refiner).conditionings
		for i, want := range c.want {
			got := runs[i].TimeIDs
			if !slices.Equal(got.Data, want) || got.Shape[0] != runs[i].Hidden.Batch() || got.Shape[1] != 5 {
				t.Errorf("%s: run %d: got %v, want %v", name, i+1, got, want)
			}
		}
	}
}

func TestSDXL(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Steps = 2
	t.Run("it is led by sizes and by pooled vectors of each text", func(t *testing.T) {
		t.Parallel()
		s := s
		s.Count, s.Prompt = 2, "red "+strings.Repeat("boat ", 100)
		conditioning := renderRecorded(t, s, sdxl).conditionings[0]
		sizes := []float32{48, 64, 0, 0, 48, 64}
		if want := slices.Repeat(sizes, 4); !slices.Equal(conditioning.TimeIDs.Data, want) ||
			conditioning.TimeIDs.Shape[0] != 4 {
			t.Errorf("sizes: got %v, want %v", conditioning.TimeIDs, want)
		}
		words := tokenizer(t)
		no, yes := float32(words.Encode("blurry")[0]), float32(words.Encode("red")[0])
		if want := []float32{no, no, no, no, yes, yes, yes, yes}; !slices.Equal(conditioning.Pooled.Data, want) {
			t.Errorf(
				"pooled: got %v, want %v: the first chunk's, the negative prompt's for both tiles first",
				conditioning.Pooled.Data, want,
			)
		}
		if !conditioning.Guidance.Empty() {
			t.Errorf("guidance: got %v, want none", conditioning.Guidance)
		}
	})
	t.Run("an enlarged image has the new size", func(t *testing.T) {
		t.Parallel()
		s := s
		s.Hires = &picture.Hires{Scale: 2, Steps: 2, Strength: 0.5}
		conditioning := renderRecorded(t, s, sdxl).conditionings
		got, want := conditioning[len(conditioning)-1].TimeIDs.Row(0).Data, []float32{96, 128, 0, 0, 96, 128}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("no negative prompt is a vector of zeros where the dialect has it so", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			name     string
			dialect  picture.Dialect
			negative string
			folder   bool
			zeros    bool
		}{
			{"diffusers, a folder that says so", picture.Diffusers, "", true, true},
			{"diffusers, another folder", picture.Diffusers, "", false, false},
			{"diffusers, a negative prompt", picture.Diffusers, "fog", true, false},
			{"A1111, whatever the folder says", picture.A1111, "", false, true},
			{"A1111, a negative prompt", picture.A1111, "fog", true, false},
		} {
			s := s
			s.Dialect, s.Negative = c.dialect, c.negative
			conditioning := renderRecorded(t, s, func(o *Config) { sdxl(o); o.ZerosForEmptyPrompt = c.folder }).conditionings[0]
			for part, x := range map[string]tensor.Tensor{"hidden": conditioning.Hidden, "pooled": conditioning.Pooled} {
				some := slices.ContainsFunc(x.Row(0).Data, func(v float32) bool { return v != 0 })
				if some == c.zeros {
					t.Errorf("%s: %s: zeros %v, want %v", c.name, part, !some, c.zeros)
				}
			}
		}
	})
	t.Run("other families are not", func(t *testing.T) {
		t.Parallel()
		s := s
		s.Negative = ""
		conditioning := renderRecorded(t, s, func(*Config) {}).conditionings[0]
		if !conditioning.TimeIDs.Empty() ||
			!slices.ContainsFunc(conditioning.Hidden.Row(0).Data, func(v float32) bool { return v != 0 }) {
			t.Errorf("got sizes %v, or hidden states of zeros", conditioning.TimeIDs)
		}
	})
}

func TestClipSkipByDialect(t *testing.T) {
	t.Parallel()
	one := func(c *Config) { c.SkippableLayers = 11 }
	sd2 := func(c *Config) { c.Family, c.SkippableLayers = family.SD2, 11 }
	for _, c := range []struct {
		name    string
		dialect picture.Dialect
		as      func(*Config)
		want    []int // of the prompt, then of the negative prompt
	}{
		{"Stable Diffusion 1 in A1111: both", picture.A1111, one, []int{2, 2}},
		{"SDXL in A1111: never", picture.A1111, sdxl, []int{0, 0}},
		{"Stable Diffusion 2 in A1111: never", picture.A1111, sd2, []int{0, 0}},
		{"diffusers: the prompt alone", picture.Diffusers, one, []int{2, 0}},
		{"diffusers, SDXL: the prompt alone", picture.Diffusers, sdxl, []int{2, 0}},
	} {
		s := boatSpec()
		s.Steps, s.Dialect, s.ClipSkip = 1, c.dialect, 3
		if s.Dialect == picture.A1111 {
			s.Sampler = "euler"
		}
		if got := renderRecorded(t, s, c.as).skips; !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v layers skipped, want %v", c.name, got, c.want)
		}
	}
}

func TestGuidanceEmbedding(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Steps, s.Count, s.GuidanceScale = 2, 2, 8
	f := renderRecorded(t, s, func(c *Config) { c.GuidanceWidth = 8 })
	conditioning := f.conditionings[0]
	if want := []int{2, 8}; !reflect.DeepEqual(conditioning.Guidance.Shape, want) || conditioning.Hidden.Batch() != 2 ||
		len(f.skips) != 1 {
		t.Errorf("got guidance of shape %v, hidden states of %v, %d texts; want %v, a batch of 2 and the prompt alone",
			conditioning.Guidance.Shape, conditioning.Hidden.Shape, len(f.skips), want)
	}
	// LatentConsistencyModelPipeline.get_guidance_scale_embedding(None, torch.tensor([7.0]), 8), diffusers 0.42.1
	want := []float64{0.5068854093551636, -0.9704796075820923, 0.5866532921791077, 0.6442176103591919,
		0.8620134592056274, -0.2411831170320511, -0.8098382353782654, 0.7648422122001648}
	for i, v := range conditioning.Guidance.Row(1).Data {
		if math.Abs(float64(v)-want[i]) > 1e-4 { // a last bit of the angle, up to 7000, is that much
			t.Errorf("value %d: got %v, want %v", i, v, want[i])
		}
	}
	// the same for torch.tensor([0.5]) and an odd width of 5
	odd := family.GuidanceEmbedding(1.5, 5).Data
	for i, want := range []float64{-0.4677717983722687, 0.049979161471128464, -0.8838492631912231, 0.9987502694129944, 0} {
		if math.Abs(float64(odd[i])-want) > 1e-5 {
			t.Errorf("odd width, value %d: got %v, want %v", i, odd[i], want)
		}
	}
}

// TestPromptsOfDifferentLengths has a prompt of two chunks joined with one of one, and a negative prompt of one: A1111
// runs it apart, and the second prompt ends in repetitions of its last token.
func TestPromptsOfDifferentLengths(t *testing.T) {
	t.Parallel()
	length := tokenizer(t).Length
	shapes := func(d picture.Dialect, chunks int) (out [][]int, last *conditioningRecorder) {
		s := boatSpec()
		s.Dialect, s.Sampler, s.Steps, s.Count = d, "euler", 1, 2
		s.Prompt, s.Negative = "a boat BREAK sea AND star", "fog"
		f := renderRecorded(t, s, func(c *Config) { c.MaxChunks = chunks })
		for _, c := range f.conditionings {
			out = append(out, c.Hidden.Shape)
		}
		return out, f
	}
	got, f := shapes(picture.A1111, 0)
	width := f.conditionings[0].Hidden.Shape[2]
	if want := [][]int{{2, length, width}, {4, 2 * length, width}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("A1111: the UNet runs on %v, want %v", got, want)
	}
	star := f.conditionings[1].Hidden.Row(3).Data
	if last := star[(length-1)*width : length*width]; !slices.Equal(star[len(star)-width:], last) {
		t.Errorf("the shorter term ends in %v, want its last token's state, %v", star[len(star)-width:], last)
	}
	if got, _ := shapes(picture.Diffusers, 0); !reflect.DeepEqual(got, [][]int{{6, 2 * length, width}}) {
		t.Errorf("diffusers: the UNet runs on %v, want one run", got)
	}
	if got, _ := shapes(picture.A1111, 2); !reflect.DeepEqual(got, [][]int{{6, 2 * length, width}}) {
		t.Errorf("a UNet that takes two chunks: it runs on %v, want both prompts in one run", got)
	}
}

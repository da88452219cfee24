//go:build cgo

package golden_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

// tableCheckpoints are the checkpoints of the table, and a LoRA that fits each; empty for none.
var tableCheckpoints = map[string]string{
	goldentest.CheckpointE4M3:    goldentest.LoRASD1B,
	goldentest.CheckpointInpaint: goldentest.LoRASD1A,
	goldentest.CheckpointSD2V:    goldentest.LoRASD2A,
	goldentest.CheckpointRefiner: "",
	goldentest.CheckpointSDXLF16: goldentest.LoRASDXLA,
	goldentest.CheckpointSSD:     goldentest.LoRASDXLA, // of which a part fits
}

// packedToo are those that are painted with packed weights as well: one of each family of networks, and each element
// type of the table.
var packedToo = []string{goldentest.CheckpointE4M3, goldentest.CheckpointSD2V, goldentest.CheckpointSDXLF16}

// tableWays are the ways to ask for a picture. sameAsText says that the picture is that of the words alone.
var tableWays = []struct {
	name       string
	sameAsText bool
	ask        func(t *testing.T, s *picture.Spec, job *render.Job)
}{
	{"text", true, func(*testing.T, *picture.Spec, *render.Job) {}},
	{"start picture", false, func(t *testing.T, s *picture.Spec, job *render.Job) { givePicture(t, s, job, "image") }},
	{"mask", false, func(t *testing.T, s *picture.Spec, job *render.Job) { givePicture(t, s, job, "mask") }},
	{"region", false, func(t *testing.T, s *picture.Spec, job *render.Job) {
		givePicture(t, s, job, "image")
		s.Init.Placement = &picture.Placement{X: 16, Y: 8, Width: 32, Height: 40}
	}},
	{"hires", false, func(_ *testing.T, s *picture.Spec, _ *render.Job) {
		s.Hires = &picture.Hires{Scale: 2, Steps: 2, Strength: 0.5}
	}},
	{"tiling", false, func(_ *testing.T, s *picture.Spec, _ *render.Job) { s.Tiling = true }},
	{"clip skip", false, func(_ *testing.T, s *picture.Spec, _ *render.Job) { s.ClipSkip = 2 }},
	{"previews", true, func(t *testing.T, _ *picture.Spec, job *render.Job) {
		job.Progress = func(p render.Progress) {
			if p.Step > 0 && p.Step < p.Steps && p.Preview() == nil {
				t.Errorf("no preview of step %d", p.Step)
			}
		}
	}},
	{"batch", false, func(_ *testing.T, s *picture.Spec, _ *render.Job) { s.Count = 3 }},
	{"dialect a1111", false, func(_ *testing.T, s *picture.Spec, _ *render.Job) {
		s.Dialect, s.Prompt = picture.A1111, weighted
	}},
}

// givePicture adds the start picture of the recipe, with its mask or without.
func givePicture(t *testing.T, s *picture.Spec, job *render.Job, given string) {
	t.Helper()
	with, inputs := initRecord{Dialect: s.Dialect, Given: given, Strength: 0.7}.spec(t)
	s.Init, job.Input = with.Init, inputs.Input
}

// TestCheckpointTable paints with each checkpoint in each way, without a LoRA and with one, and some with packed
// weights too (--prefer steps): pictures are finite and differ where they should, packed weights make the same ones,
// and a LoRA of strength 0 changes nothing, bit by bit.
func TestCheckpointTable(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	for name, lora := range tableCheckpoints {
		t.Run(name, func(t *testing.T) {
			files := pipelinetest.AddonFiles{}
			if lora != "" {
				files = goldenLoRAs(t, lora)
			}
			path, device := goldentest.Checkpoint(t, name), onnx.Device{Kind: onnx.CPU, Threads: 2}
			mapped := paintTable(t, pipelinetest.LoadWith(t, path, device, files), lora)
			if !slices.Contains(packedToo, name) {
				return
			}
			device.Packed = true
			packed := paintTable(t, pipelinetest.LoadWith(t, path, device, files), lora)
			for way, want := range mapped {
				if off := relativeError(packed[way], want); !(off <= maxCheckpointError) {
					t.Errorf("%s: packed weights are %.1e off, want at most %.0e", way, off, maxCheckpointError)
				}
			}
		})
	}
}

// paintTable paints in all ways, and compares. It returns the latents by what was asked for.
func paintTable(t *testing.T, p *pipeline.Pipeline, lora string) map[string]tensor.Tensor {
	t.Helper()
	latents, text := map[string]tensor.Tensor{}, map[float64][]byte{}
	strengths := []float64{0}
	if lora != "" {
		strengths = []float64{0, 1}
	}
	for _, way := range tableWays {
		var without []byte
		for _, strength := range strengths {
			result := paintWay(t, p, way.ask, loraOf(lora, strength)...)
			latents[fmt.Sprintf("%s, LoRA × %v", way.name, strength)] = result.Latents
			pixels := pixelsOf(result.Tiles)
			checkFinite(t, way.name, result)
			if way.name == "text" {
				text[strength] = pixels
			}
			if same := bytes.Equal(pixels, text[strength]); same != way.sameAsText {
				t.Errorf("%s: the same as text: %v, want %v", way.name, same, way.sameAsText)
			}
			if strength != 0 && bytes.Equal(pixels, without) {
				t.Errorf("%s: the LoRA changes nothing", way.name)
			}
			if strength == 0 {
				without = pixels
			}
		}
	}
	if plain := pixelsOf(paintWay(t, p, tableWays[0].ask).Tiles); !bytes.Equal(plain, text[0]) {
		t.Error("a LoRA of strength 0 changes the picture")
	}
	return latents
}

// loraOf asks for a LoRA; none for "".
func loraOf(name string, strength float64) []picture.Addon {
	if name == "" {
		return nil
	}
	return []picture.Addon{{Kind: picture.LoRA, Name: name, Hash: loraHash(name), Strength: strength}}
}

// paintWay paints in one way.
func paintWay(
	t *testing.T, p *pipeline.Pipeline, ask func(*testing.T, *picture.Spec, *render.Job), addons ...picture.Addon,
) *render.Result {
	t.Helper()
	s, job := baseSpec(picture.Diffusers), render.Job{}
	s.Steps, s.GuidanceScale, s.Addons = 2, 5, addons
	ask(t, &s, &job)
	result, err := p.Render(t.Context(), s, job)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Tiles) != s.Count {
		t.Fatalf("got %d pictures, want %d", len(result.Tiles), s.Count)
	}
	return result
}

// checkFinite checks that latents are numbers, and that no picture is one colour or that of another tile.
func checkFinite(t *testing.T, way string, result *render.Result) {
	t.Helper()
	for _, x := range result.Latents.Data {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			t.Fatalf("%s: latents are no numbers", way)
		}
	}
	for i, tile := range result.Tiles {
		if slices.Max(reds(tile.Image)) == slices.Min(reds(tile.Image)) {
			t.Errorf("%s: picture %d is one colour", way, i)
		}
		if i > 0 && bytes.Equal(tile.Image.Pix, result.Tiles[0].Image.Pix) {
			t.Errorf("%s: pictures 0 and %d are the same", way, i)
		}
	}
}

func reds(img *image.NRGBA) []byte {
	out := make([]byte, 0, len(img.Pix)/4)
	for i := 0; i < len(img.Pix); i += 4 {
		out = append(out, img.Pix[i])
	}
	return out
}

func pixelsOf(tiles []render.Tile) []byte {
	var out []byte
	for _, tile := range tiles {
		out = append(out, tile.Image.Pix...)
	}
	return out
}

// TestLoRAOfAnotherFamily refuses a LoRA that fits nothing of a checkpoint, by its name.
func TestLoRAOfAnotherFamily(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	device := onnx.Device{Kind: onnx.CPU, Threads: 2}
	for checkpoint, lora := range map[string]string{
		goldentest.CheckpointSD2V:    goldentest.LoRASD1A,
		goldentest.CheckpointSDXLF16: goldentest.LoRASD1A,
		goldentest.CheckpointSD1:     goldentest.LoRASDXLA,
	} {
		p := pipelinetest.LoadWith(t, goldentest.Checkpoint(t, checkpoint), device, goldenLoRAs(t, lora))
		s := baseSpec(picture.Diffusers)
		s.Addons = loraOf(lora, 1)
		var refusal *render.Refusal
		_, err := p.Render(t.Context(), s, render.Job{})
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Sentence, lora) {
			t.Errorf("%s with %s: got %v, want a refusal by name", checkpoint, lora, err)
		}
	}
}

// TestJobsAlternate has two jobs with and without a LoRA take turns at one warm renderer, at the same time.
func TestJobsAlternate(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	lora := goldentest.LoRASD1A
	p := pipelinetest.LoadWith(t, goldentest.Checkpoint(t, goldentest.CheckpointF16),
		onnx.Device{Kind: onnx.CPU, Threads: 2}, goldenLoRAs(t, lora))
	paint := func(ctx context.Context, strength float64) []float32 {
		s := baseSpec(picture.Diffusers)
		s.Steps, s.GuidanceScale, s.Addons = 2, 5, loraOf(lora, strength)
		result, err := p.Render(ctx, s, render.Job{})
		if err != nil {
			t.Error(err)
			return nil
		}
		return result.Latents.Data
	}
	want := map[float64][]float32{0: paint(t.Context(), 0), 1: paint(t.Context(), 1)}
	if slices.Equal(want[0], want[1]) {
		t.Error("the LoRA changes nothing")
	}
	t.Run("jobs", func(t *testing.T) {
		for i := range 6 {
			strength := float64(i % 2)
			t.Run("", func(t *testing.T) {
				t.Parallel()
				if !slices.Equal(paint(t.Context(), strength), want[strength]) {
					t.Errorf("job %d with strength %v: got other latents than before", i, strength)
				}
			})
		}
	})
}

//go:build cgo

package golden_test

import (
	"fmt"
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

// loraRecord is a walk with LoRAs by diffusers and peft (recipe/loras.py).
type loraRecord struct {
	Checkpoint string
	LoRAs      []loraUse
	Out        numberRange
}

// loraUse is a LoRA and its strengths in the UNet and in the text encoders.
type loraUse struct {
	Name       string
	Unet, Text float64
}

func (l loraRecord) String() string { return fmt.Sprintf("%v", l.LoRAs) }

// addons are the add-ons of a Spec that ask for the same.
func (l loraRecord) addons() []picture.Addon {
	var all []picture.Addon
	for _, use := range l.LoRAs {
		text := use.Text
		all = append(all, picture.Addon{
			Kind: picture.LoRA, Name: use.Name, Hash: loraHash(use.Name), Strength: use.Unet, TextStrength: &text,
		})
	}
	return all
}

// loraHash is the hash that the tests give a golden LoRA: one digit of its own, 64 times.
func loraHash(name string) string {
	i := slices.Index([]string{
		goldentest.LoRASD1A, goldentest.LoRASD1B, goldentest.LoRASDXLA, goldentest.LoRASDXLB, goldentest.LoRASD2A,
	}, name)
	return strings.Repeat(string("0123456789abcdef"[i+1]), 64)
}

// goldenLoRAs writes LoRAs until the test ends.
func goldenLoRAs(t testing.TB, names ...string) pipelinetest.AddonFiles {
	t.Helper()
	files := pipelinetest.AddonFiles{}
	for _, name := range names {
		files[loraHash(name)] = goldentest.Checkpoint(t, name)
	}
	return files
}

// lorasOf are the LoRAs of a checkpoint's family.
var lorasOf = map[string][]string{
	goldentest.CheckpointSD1:  {goldentest.LoRASD1A, goldentest.LoRASD1B},
	goldentest.CheckpointSDXL: {goldentest.LoRASDXLA, goldentest.LoRASDXLB},
	goldentest.CheckpointSD2:  {goldentest.LoRASD2A},
}

// TestLoRAs compares walks with LoRAs with diffusers and peft, all on one warm renderer, so that switching is tried
// too. At strength 0, and once they are left out again, the latents are those without, bit by bit.
func TestLoRAs(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []loraRecord
	numbers := loadRecords(t, "loras", &all)
	compared := 0
	for name, loras := range lorasOf {
		t.Run(name, func(t *testing.T) {
			p := pipelinetest.LoadWith(t, goldentest.Checkpoint(t, name), onnx.Device{Kind: onnx.CPU, Threads: 2},
				goldenLoRAs(t, loras...))
			none, worst := walkWith(t, p), 0.0
			for _, l := range all {
				if l.Checkpoint != name {
					continue
				}
				got := walkWith(t, p, l.addons()...)
				d := relativeError(got, unpack(numbers, l.Out))
				if worst = max(worst, d); !(d <= maxCheckpointError) {
					t.Errorf("%s: latents off by %.2g of the largest, want at most %v", l, d, maxCheckpointError)
				}
				idle := !slices.ContainsFunc(l.addons(), func(a picture.Addon) bool { return !a.Idle() })
				if same := slices.Equal(got.Data, none.Data); same != idle {
					t.Errorf("%s: latents as without: %v, want %v", l, same, idle)
				}
				compared++
			}
			if again := walkWith(t, p); !slices.Equal(again.Data, none.Data) {
				t.Error("without LoRAs the latents are others than before them")
			}
			t.Logf("off by at most %.1e", worst)
		})
	}
	if compared != len(all) || compared < 10 {
		t.Errorf("compared %d of %d records, want all, and 10 or more", compared, len(all))
	}
}

// walkWith paints the walk of the recipe with add-ons and returns its latents.
func walkWith(t testing.TB, p *pipeline.Pipeline, addons ...picture.Addon) tensor.Tensor {
	t.Helper()
	s := baseSpec(picture.Diffusers)
	s.Steps, s.GuidanceScale, s.Addons = 4, 5, addons
	result, err := p.Render(t.Context(), s, render.Job{})
	if err != nil {
		t.Fatalf("%v: %v", addons, err)
	}
	return result.Latents
}

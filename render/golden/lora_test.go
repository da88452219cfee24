//go:build cgo

package golden_test

import (
<<<<<<< HEAD
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
=======
	"fmt"
>>>>>>> main
	"slices"
	"strings"
	"testing"

<<<<<<< HEAD
	"darkroom/render/addon/addontest"
=======
	"darkroom/render"
>>>>>>> main
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
<<<<<<< HEAD
	"darkroom/render/safetensors"
)

// loraRecord is what diffusers made of a checkpoint with LoRAs (recipe/loras.py).
type loraRecord struct {
	Checkpoint string
	LoRAs      []struct {
		Name       string
		Unet, Text float64
	}
	Out numberRange
}

// checkpointWalk is how the recipe walks: STEPS and GUIDANCE of recipe/checkpointrecords.py.
var checkpointWalk = initRecord{Dialect: picture.Diffusers, Sampler: "euler", Steps: 4, Strength: 1, Guidance: 5}

// writeCheckpointCard says beside a checkpoint how its scheduler differs from that of its family.
func writeCheckpointCard(t *testing.T, path string, schedule map[string]any) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"scheduler": schedule})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(path, ".safetensors")+".json", data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLoRAs compares finished latents with LoRAs on UNet and text encoders with those of diffusers and PEFT: two
// families, one and two LoRAs, strengths of either sign, kohya's names by diffusers' layers and by sgm's.
=======
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
	i := slices.Index([]string{goldentest.LoRASD1A, goldentest.LoRASD1B, goldentest.LoRASDXLA, goldentest.LoRASDXLB}, name)
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
}

// TestLoRAs compares walks with LoRAs with diffusers and peft, all on one warm renderer, so that switching is tried too.
// At strength 0, and once they are left out again, the latents are those without, bit by bit.
>>>>>>> main
func TestLoRAs(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []loraRecord
	numbers := loadRecords(t, "loras", &all)
<<<<<<< HEAD
	by := map[string][]loraRecord{}
	for _, c := range all {
		by[c.Checkpoint] = append(by[c.Checkpoint], c)
	}
	for name, cases := range by {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := pipelinetest.AddonFiles{}
			for _, which := range []string{"a", "b"} {
				files[strings.Repeat(which, 64)] = goldentest.Checkpoint(t, "lora-"+name+"-"+which)
			}
			p := pipelinetest.LoadWith(t, goldentest.Checkpoint(t, name), onnx.Device{Kind: onnx.CPU, Threads: 2}, files)
			none := walkWithout(t, p)
			for _, c := range cases {
				s, job := checkpointWalk.spec(t)
				for _, l := range c.LoRAs {
					hash := strings.Repeat(strings.TrimPrefix(l.Name, "lora-"+name+"-"), 64)
					s.Addons = append(s.Addons, picture.Addon{
						Kind: picture.LoRA, Name: l.Name, Hash: hash, Strength: l.Unet, TextStrength: &l.Text,
					})
				}
				result, err := p.Render(t.Context(), s, job)
				if err != nil {
					t.Fatalf("%v: %v", c.LoRAs, err)
				}
				if len(result.Notes) > 0 {
					t.Errorf("%v: got the notes %v, want none", c.LoRAs, result.Notes)
				}
				d := relativeError(result.Latents, unpack(numbers, c.Out))
				if !(d <= maxCheckpointError) {
					t.Errorf("%v: off by %.2g of the largest, want at most %v", c.LoRAs, d, maxCheckpointError)
				}
				idle := !slices.ContainsFunc(s.Addons, func(a picture.Addon) bool { return !a.Idle() })
				if same := slices.Equal(result.Latents.Data, none); same != idle {
					t.Errorf("%v: the same bits as without: %v, want %v", c.LoRAs, same, idle)
				}
				if len(c.LoRAs) == 1 && c.LoRAs[0].Unet == 1 && c.LoRAs[0].Text == 1 {
					small := s.Addons[0].Hash
					s.Addons[0].Hash = strings.ToUpper(small)
					files[s.Addons[0].Hash] = fullDifference(t, files[small])
					if result, err = p.Render(t.Context(), s, job); err != nil {
						t.Fatal(err)
					}
					if d := relativeError(result.Latents, unpack(numbers, c.Out)); !(d <= maxCheckpointError) {
						t.Errorf("%v as replaced weights: off by %.2g of the largest, want at most %v", c.LoRAs, d, maxCheckpointError)
					}
				}
			}
			if !slices.Equal(walkWithout(t, p), none) {
				t.Error("latents without LoRAs are others after them than before")
			}
		})
	}
	if len(all) < 17 {
		t.Errorf("got %d records, want 17", len(all))
	}
}

// walkWithout paints the walk of the recipe without add-ons.
func walkWithout(t *testing.T, p *pipeline.Pipeline) []float32 {
	t.Helper()
	s, job := checkpointWalk.spec(t)
	result, err := p.Render(t.Context(), s, job)
	if err != nil {
		t.Fatal(err)
	}
	return result.Latents.Data
}

// fullDifference writes a LoRA as the full differences that it stands for, so that every weight is replaced: those that
// are a part of a larger tensor too.
func fullDifference(t *testing.T, path string) string {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := file.Map()
	if err != nil {
		t.Fatal(err)
	}
	defer mapping.Close()
	read := func(key string) []float32 {
		values, err := mapping.Floats(file.Tensors[key])
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	out := map[string]addontest.Entry{}
	for _, key := range file.Names() {
		stem, ok := strings.CutSuffix(key, ".lora_down.weight")
		if !ok {
			continue
		}
		down, up := read(key), read(stem+".lora_up.weight")
		shape := file.Tensors[key].Shape
		rank, in := int(shape[0]), len(down)/int(shape[0])
		rows := len(up) / rank
		scale := read(stem + ".alpha")[0] / float32(rank)
		var data []byte
		for i := range rows {
			for j := range in {
				sum := float32(0)
				for r := range rank {
					sum += up[i*rank+r] * down[r*in+j]
				}
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(scale*sum))
			}
		}
		full := []int{rows}
		for _, d := range shape[1:] {
			full = append(full, int(d))
		}
		out[stem+".diff"] = addontest.Entry{DType: "F32", Shape: full, Data: data}
	}
	to := filepath.Join(t.TempDir(), "full.safetensors")
	addontest.WriteFile(t, to, nil, out)
	return to
=======
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
>>>>>>> main
}

//go:build cgo

package golden_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
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

// checkpointToWalk writes a checkpoint, and beside it the schedule of the recipes of add-ons: in their pipelines
// Euler's timesteps lead, as in SDXL's repositories.
func checkpointToWalk(t *testing.T, name string) string {
	t.Helper()
	path := goldentest.Checkpoint(t, name)
	writeCheckpointCard(t, path, map[string]any{"timestep_spacing": "leading", "steps_offset": 1})
	return path
}

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
func TestLoRAs(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []loraRecord
	numbers := loadRecords(t, "loras", &all)
	by := map[string][]loraRecord{}
	for _, c := range all {
		by[c.Checkpoint] = append(by[c.Checkpoint], c)
	}
	for name, cases := range by {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := checkpointToWalk(t, name)
			files := pipelinetest.AddonFiles{}
			for _, which := range []string{"a", "b"} {
				files[strings.Repeat(which, 64)] = goldentest.Checkpoint(t, "lora-"+name+"-"+which)
			}
			p := pipelinetest.LoadWith(t, path, onnx.Device{Kind: onnx.CPU, Threads: 2}, files)
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
		})
	}
	if len(all) < 17 {
		t.Errorf("got %d records, want 17", len(all))
	}
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
}

//go:build cgo

package golden_test

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
)

// inversionRecord is what diffusers made of a prompt with a textual inversion (recipe/inversions.py).
type inversionRecord struct {
	Checkpoint, Prompt, Word string
	Vectors                  int
	Scale                    float64
	Widths                   map[string]int // by text encoder
	Out                      numberRange
}

// file writes the textual inversion as people share it.
func (c inversionRecord) file(t *testing.T) string {
	t.Helper()
	tensors := map[string]addontest.Entry{}
	for part, width := range c.Widths {
		var data []byte
		for _, x := range goldentest.Draw("inversion/"+part, c.Vectors*width, c.Scale) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		key := "emb_params"
		if len(c.Widths) > 1 {
			key = map[string]string{"text_encoder": "clip_l", "text_encoder_2": "clip_g"}[part]
		}
		tensors[key] = addontest.Entry{DType: "F32", Shape: []int{c.Vectors, width}, Data: data}
	}
	path := filepath.Join(t.TempDir(), c.Word+".safetensors")
	addontest.WriteFile(t, path, nil, tensors)
	return path
}

// checkpointWalk is how the recipe walks: STEPS and GUIDANCE of recipe/checkpointrecords.py.
var checkpointWalk = initRecord{Dialect: picture.Diffusers, Sampler: "euler", Steps: 4, Strength: 1, Guidance: 5}

// TestInversions compares finished latents with a textual inversion of several vectors, for one text encoder and for
// two, with those of diffusers.
func TestInversions(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []inversionRecord
	numbers := loadRecords(t, "inversions", &all)
	for _, c := range all {
		t.Run(c.Checkpoint+" "+c.Prompt, func(t *testing.T) {
			t.Parallel()
			hash := strings.Repeat("a", 64)
			files := pipelinetest.AddonFiles{hash: c.file(t)}
			p := pipelinetest.LoadWith(t, goldentest.Checkpoint(t, c.Checkpoint), onnx.Device{Kind: onnx.CPU, Threads: 2}, files)
			s, job := checkpointWalk.spec(t)
			s.Prompt = c.Prompt
			s.Addons = []picture.Addon{{Kind: picture.Embedding, Name: c.Word, Hash: hash, Strength: 1}}
			result, err := p.Render(t.Context(), s, job)
			if err != nil {
				t.Fatal(err)
			}
			if d := relativeError(result.Latents, unpack(numbers, c.Out)); !(d <= maxCheckpointError) {
				t.Errorf("off by %.2g of the largest, want at most %v", d, maxCheckpointError)
			}
		})
	}
	if len(all) != 4 {
		t.Errorf("got %d records, want 4", len(all))
	}
}

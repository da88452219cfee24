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
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/safetensors"
)

// TestLoRAsAsDifferences compares walks with LoRAs that were written as the full differences that they stand for.
func TestLoRAsAsDifferences(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []loraRecord
	numbers := loadRecords(t, "loras", &all)
	compared := 0
	for name, loras := range lorasOf {
		files := goldenLoRAs(t, loras...)
		for hash, path := range files {
			files[hash] = fullDifference(t, path)
		}
		p := pipelinetest.LoadWith(t, goldentest.Checkpoint(t, name), onnx.Device{Kind: onnx.CPU, Threads: 2}, files)
		for _, l := range all {
			if l.Checkpoint != name || len(l.LoRAs) != 1 || l.LoRAs[0].Unet != 1 || l.LoRAs[0].Text != 1 {
				continue
			}
			got := walkWith(t, p, l.addons()...)
			if d := relativeError(got, unpack(numbers, l.Out)); !(d <= maxCheckpointError) {
				t.Errorf("%s: latents off by %.2g of the largest, want at most %v", l, d, maxCheckpointError)
			}
			compared++
		}
	}
	if compared < 2 {
		t.Errorf("compared %d records, want one of each family or more", compared)
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

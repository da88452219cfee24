//go:build cgo

package golden_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/checkpoint"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

// checkpointRecord is what diffusers made of a checkpoint (recipe/checkpointrecords.py).
type checkpointRecord struct {
	Checkpoint string
	Kind       string // "unet", "decode", "encode", "text" or "walk"
	Time       float64
	Prompt     string
	Skip       int
	IDs        [][]int32 // by text encoder
	Sampler    string
	Steps      int
	Guidance   float64
	Given      string // "mask", for a walk of an inpainting model
	Out        stridedRange
	Pooled     stridedRange
}

// stridedRange has every so many of an array's values.
type stridedRange struct {
	numberRange
	Stride int
}

func (c checkpointRecord) String() string {
	return strings.Trim(fmt.Sprintf("%s_%v_%s_%d_%.12s", c.Kind, c.Time, c.Sampler, c.Skip, c.Prompt), "_")
}

// TestCheckpoints compares each network of each checkpoint, what prompts become, and finished latents with diffusers.
func TestCheckpoints(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var all []checkpointRecord
	numbers := loadRecords(t, "checkpoints", &all)
	by := map[string][]checkpointRecord{}
	for _, c := range all {
		by[c.Checkpoint] = append(by[c.Checkpoint], c)
	}
	for name, cases := range by {
		if name == goldentest.CheckpointVAE { // recorded, and no model to render with
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareCheckpoint(t, goldentest.Checkpoint(t, name), cases, numbers, onnx.Device{Kind: onnx.CPU, Threads: 2})
		})
	}
	t.Run("packed", func(t *testing.T) {
		t.Parallel()
		name := goldentest.CheckpointF16
		device := onnx.Device{Kind: onnx.CPU, Threads: 2, Packed: true}
		compareCheckpoint(t, goldentest.Checkpoint(t, name), by[name], numbers, device)
	})
	for _, name := range []string{goldentest.CheckpointVAE, goldentest.CheckpointVAENamed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareVAE(t, goldentest.Checkpoint(t, name), by[goldentest.CheckpointVAE], numbers)
		})
	}
	if len(by) < 15 {
		t.Errorf("got records of %d checkpoints, want 15 or more", len(by))
	}
}

func compareCheckpoint(t *testing.T, path string, cases []checkpointRecord, numbers []int16, device onnx.Device) {
	t.Helper()
	p := pipelinetest.LoadOn(t, path, device)
	for _, c := range cases {
		t.Run(c.String(), func(t *testing.T) {
			got, pooled := c.answer(t, p)
			c.compare(t, "answer", got, c.Out, numbers)
			if c.Pooled.Stride > 0 {
				c.compare(t, "pooled vector", pooled, c.Pooled, numbers)
			}
		})
	}
}

// compareVAE puts a VAE into a model: a checkpoint, and a folder of ONNX files.
func compareVAE(t *testing.T, path string, cases []checkpointRecord, numbers []int16) {
	t.Helper()
	vae, err := checkpoint.OpenVAE(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{
		goldentest.Checkpoint(t, goldentest.CheckpointSD1), goldentest.Model(t, goldentest.SD1),
	} {
		p := pipelinetest.Load(t, model)
		changed, err := p.Model.With(onnx.Addons{VAE: vae})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = changed.Close() })
		for _, c := range cases {
			got, _ := c.answer(t, &pipeline.Pipeline{Folder: p.Folder, Model: changed})
			c.compare(t, c.Kind, got, c.Out, numbers)
		}
	}
}

func (c checkpointRecord) compare(t *testing.T, what string, got tensor.Tensor, want stridedRange, numbers []int16) {
	t.Helper()
	kept := got
	if stride := want.Stride; stride > 0 {
		kept = tensor.Tensor{}
		for i := 0; i < len(got.Data); i += stride {
			kept.Data = append(kept.Data, got.Data[i])
		}
	}
	tolerance := maxNetworkError
	if c.Kind == "walk" {
		tolerance = maxCheckpointError
	}
	if d := relativeError(kept, unpack(numbers, want.numberRange)); !(d <= tolerance) {
		t.Errorf("%s: off by %.2g of the largest, want at most %v", what, d, tolerance)
	}
}

// answer is what this program makes of the case.
func (c checkpointRecord) answer(t *testing.T, p *pipeline.Pipeline) (got, pooled tensor.Tensor) {
	t.Helper()
	var err error
	switch config := p.Folder.Config; c.Kind {
	case "unet":
		x := feed("unet/sample", 2, config.UnetChannels(), 16, 8)
		conditioning := tensor.Conditioning{Hidden: feed("unet/hidden", 2, config.TextLength, config.TextWidth)}
		if config.Family.ConditionedOnSize() {
			conditioning.Pooled = feed("unet/pooled", 2, config.PooledWidth)
			conditioning.TimeIDs = sizes(config.Family.TimeIDCount())
		}
		got, err = p.Model.Unet(t.Context(), x, c.Time, conditioning)
	case "decode":
		got, err = p.Model.DecodeLatents(t.Context(), feed("vae/latents", 1, 4, 8, 6))
	case "encode":
		x := tensor.New(1, 3, 64, 48)
		x.Data = goldentest.Draw("feed/vae/pixels", len(x.Data), 1)
		got, err = p.Model.EncodeImage(t.Context(), x)
	case "text":
		return c.encode(t, p)
	case "walk":
		strength := 1.0
		if c.Given == "image" {
			strength = 0.7
		}
		s, job := initRecord{Dialect: picture.Diffusers, Given: c.Given, Sampler: c.Sampler, Steps: c.Steps,
			Strength: strength, Guidance: c.Guidance}.spec(t)
		var result *render.Result
		if result, err = p.Render(t.Context(), s, job); err == nil {
			got = result.Latents
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return got, pooled
}

// encode checks the ids of a prompt, and encodes it.
func (c checkpointRecord) encode(t *testing.T, p *pipeline.Pipeline) (hidden, pooled tensor.Tensor) {
	t.Helper()
	parts, err := pipeline.Parts(p.Model)
	if err != nil {
		t.Fatal(err)
	}
	var each [][][]int32
	for i, words := range parts.Tokenizers {
		ids := slices.Concat([]int32{words.BOS}, words.Encode(c.Prompt), []int32{words.EOS})
		for len(ids) < words.Length {
			ids = append(ids, words.Pad)
		}
		if !slices.Equal(ids, c.IDs[i]) {
			t.Errorf("text encoder %d: got ids %v, want %v", i+1, ids, c.IDs[i])
		}
		each = append(each, [][]int32{ids})
	}
	out, err := p.Model.EncodeEach(t.Context(), each, c.Skip)
	if err != nil {
		t.Fatal(err)
	}
	return out.Hidden, out.Pooled
}

// sizes are so many numbers of two images, as the recipe has them.
func sizes(n int) tensor.Tensor {
	return tensor.Tensor{
		Shape: []int{2, n}, Data: slices.Concat([]float32{96, 64, 8, 0, 64, 72}[:n], []float32{64, 64, 0, 0, 6, 64}[:n]),
	}
}

func feed(name string, shape ...int) tensor.Tensor {
	out := tensor.New(shape...)
	out.Data = goldentest.Feed(name, len(out.Data))
	return out
}

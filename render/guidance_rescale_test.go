package render

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// TestRescaleAsDiffusers compares with rescale_noise_cfg, recorded by recipe/rescale.py.
func TestRescaleAsDiffusers(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/rescale.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Positive, Guided []float32
		Cases            []struct {
			Share float64
			Out   []float64
		}
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	of := func(values []float32) tensor.Tensor {
		x, err := tensor.Of(values, 2, 4, 3, 3)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range r.Cases {
		got := rescale(of(r.Guided), of(r.Positive), c.Share)
		for i, want := range c.Out {
			if math.Abs(float64(got.Data[i])-want) > 2e-6*max(1, math.Abs(want)) {
				t.Errorf("share %v, value %d: got %v, want %v", c.Share, i, got.Data[i], want)
			}
		}
	}
	if len(r.Cases) == 0 {
		t.Error("the record is empty")
	}
}

// The guided prediction of a batch is rescaled by what each tile's own prompt predicts.
func TestGuideRescales(t *testing.T) {
	t.Parallel()
	out := tensor.New(4, 1, 1, 2) // two tiles without the prompt, then with it
	copy(out.Data, []float32{0, 1, 0, 1, 1, 5, 2, 4})
	p := &run{spec: picture.Spec{GuidanceScale: 2, Rescale: 1}}
	got := p.applyGuidance(
		passConditioning{terms: []term{{weight: 1, scheduledPrompt: scheduledPrompt{stages: []prompt.Stage{{}}}}}}, out, 2,
	)
	want := []float32{2 * 4. / 7, 9 * 4. / 7, 4 * 2. / 3, 7 * 2. / 3}
	for i := range want {
		if math.Abs(float64(got.Data[i]-want[i])) > 1e-5 {
			t.Errorf("value %d: got %v, want %v", i, got.Data[i], want[i])
		}
	}
}

//go:build cgo

package pipeline_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/request"
)

// TestACardThatChanges: a checkpoint's card and its name decide how it is sampled, and are no part of its hash. An
// image is the same after both were changed, and a new request follows what they say now.
func TestACardThatChanges(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	path := goldentest.Checkpoint(t, goldentest.CheckpointF16)
	card := strings.TrimSuffix(path, ".safetensors") + ".json"
	first := openSampled(t, path)
	spec := first.ask(t)
	want := first.paint(t, spec)
	for name, text := range map[string]string{
		"betas":      `{"scheduler":{"beta_end":0.02,"beta_schedule":"linear"}}`,
		"spacing":    `{"scheduler":{"timestep_spacing":"trailing"}}`,
		"prediction": `{"prediction":"v_prediction","zero_snr":true}`,
		"training":   `{"scheduler":{"num_train_timesteps":500}}`,
	} {
		if err := os.WriteFile(card, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now := openSampled(t, path)
		again, refusal := request.Repaint(spec, request.Available{Models: []request.Card{now.card}})
		if refusal != nil || again.Spec.Model.Hash != spec.Model.Hash {
			t.Fatalf("%s: got %v, want a reroll with the same model", name, refusal)
		}
		if !slices.Equal(now.paint(t, again.Spec), want) || len(again.Notes) != 1 {
			t.Errorf("%s: a reroll: got another image, or the notes %q, want the image and one note", name, again.Notes)
		}
		if slices.Equal(now.paint(t, now.ask(t)), want) {
			t.Errorf("%s: a new request: got the image of the earlier card", name)
		}
	}
	if err := os.Remove(card); err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(filepath.Dir(path), "boats-lightning.safetensors")
	if err := os.Rename(path, renamed); err != nil {
		t.Fatal(err)
	}
	if got := openSampled(t, renamed).paint(t, spec); !slices.Equal(got, want) {
		t.Error("a file with another name: got another image")
	}
}

// sampledModel is a checkpoint that was opened, with its card.
type sampledModel struct {
	*pipeline.Pipeline
	card request.Card
}

func openSampled(t *testing.T, path string) sampledModel {
	t.Helper()
	p := pipelinetest.LoadOn(t, path, onnx.Device{Kind: onnx.CPU, Threads: 2})
	return sampledModel{p, pipeline.Card(p.Folder)}
}

// ask resolves a request.
func (m sampledModel) ask(t *testing.T) picture.Spec {
	t.Helper()
	steps, one, size := 3, 1, "64x64"
	w := request.Wanted{Prompt: "a red boat", Steps: &steps, Count: &one, Size: &size, Sampler: new("ddim")}
	resolved, refusal := request.Resolve(w, request.Available{Models: []request.Card{m.card}}, 5)
	if refusal != nil {
		t.Fatal(refusal)
	}
	return resolved.Spec
}

// paint returns finished latents.
func (m sampledModel) paint(t *testing.T, s picture.Spec) []float32 {
	t.Helper()
	result, err := m.Render(t.Context(), s, render.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Latents.Data
}

//go:build cgo

package golden_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline/pipelinetest"
)

// forms are names and forms of one model, by the checkpoint whose picture they must give, byte by byte.
var forms = map[string][]string{
	goldentest.CheckpointSD1: {
		goldentest.CheckpointEMA, goldentest.CheckpointMerged, goldentest.CheckpointNamed, goldentest.CheckpointSD1Folder,
		goldentest.CheckpointNoVAE,
	},
	goldentest.CheckpointSDXLF16: {goldentest.CheckpointSDXLFolder},
}

// maxFormLevels is how far one value of a picture of SDXL may be off between two forms, of 255: the matrix behind
// the pooled vector lies the other way round in its authors' file, and the sum of a row is rounded otherwise.
const maxFormLevels = 1

// TestCheckpointForms paints with the original and the converted form of one model, and compares the pictures.
func TestCheckpointForms(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	for name, others := range forms {
		t.Run(name, func(t *testing.T) {
			want := paintCheckpoint(t, goldentest.Checkpoint(t, name))
			for _, other := range others {
				path := goldentest.Checkpoint(t, other)
				if other == goldentest.CheckpointNoVAE {
					takeVAEFrom(t, path, goldentest.CheckpointSD1)
				}
				got, levels := paintCheckpoint(t, path), 0
				if name == goldentest.CheckpointSDXLF16 {
					levels = maxFormLevels
				}
				if n := differing(got, want, levels); n > 0 {
					t.Errorf("%s: %d values of the picture are more than %d levels from that of %s", other, n, levels, name)
				}
			}
		})
	}
}

// TestVAEBeside paints with a VAE in a file beside a checkpoint without one, by both kinds of names.
func TestVAEBeside(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	var pictures [][]byte
	for _, name := range []string{goldentest.CheckpointVAE, goldentest.CheckpointVAENamed, goldentest.CheckpointSD1} {
		path := goldentest.Checkpoint(t, goldentest.CheckpointNoVAE)
		takeVAEFrom(t, path, name)
		pictures = append(pictures, paintCheckpoint(t, path))
	}
	if !bytes.Equal(pictures[0], pictures[1]) {
		t.Error("one VAE by two kinds of names gives two pictures")
	}
	if bytes.Equal(pictures[0], pictures[2]) {
		t.Error("two VAEs give one picture")
	}
}

// takeVAEFrom lays another file with a VAE beside a checkpoint, where A1111 looks for it.
func takeVAEFrom(t *testing.T, path, name string) {
	t.Helper()
	beside := strings.TrimSuffix(path, filepath.Ext(path)) + ".vae" + filepath.Ext(path)
	if err := os.Symlink(goldentest.Checkpoint(t, name), beside); err != nil {
		t.Fatal(err)
	}
}

// paintCheckpoint paints the walk of the recipe and returns the picture's bytes.
func paintCheckpoint(t *testing.T, path string) []byte {
	t.Helper()
	p := pipelinetest.LoadOn(t, path, onnx.Device{Kind: onnx.CPU, Threads: 2})
	s := baseSpec(picture.Diffusers)
	s.Steps, s.GuidanceScale = 2, 5
	result, err := p.Render(t.Context(), s, render.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Tiles[0].Image.Pix
}

// differing counts the values of two pictures that are more than some levels apart.
func differing(got, want []byte, levels int) (n int) {
	for i, w := range want {
		if d := int(got[i]) - int(w); d > levels || -d > levels {
			n++
		}
	}
	return n
}

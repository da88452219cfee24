package pipeline

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/addon"
	"darkroom/render/addon/addontest"
	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// singleFile is the file of every add-on.
type singleFile string

func (f singleFile) Addon(string, string) (string, error) { return string(f), nil }

// extenderOf is what puts add-ons into a model of a family, whose networks nobody runs.
func extenderOf(f *family.Family, width int, file string) *extender {
	c := folder.Config{Kind: family.Kind{Family: f}, TextWidth: width}
	return &extender{model: &onnx.Model{Folder: &folder.Model{Config: c}}, files: singleFile(file)}
}

func zeros(shape ...int) addontest.Entry {
	n := 4
	for _, d := range shape {
		n *= d
	}
	return addontest.Entry{DType: "F32", Shape: shape, Data: make([]byte, n)}
}

// writeHypernet writes a hypernetwork of zeros for some widths.
func writeHypernet(t *testing.T, widths ...int) string {
	t.Helper()
	tensors := map[string]addontest.Entry{}
	for _, w := range widths {
		for side := range 2 {
			name := fmt.Sprintf("%d.%d.linear", w, side)
			tensors[name+".0.weight"], tensors[name+".0.bias"] = zeros(1, w), zeros(1)
			tensors[name+".1.weight"], tensors[name+".1.bias"] = zeros(w, 1), zeros(w)
		}
	}
	path := filepath.Join(t.TempDir(), "wide.safetensors")
	structure := fmt.Sprintf("[1, %g, 1]", 1/float64(widths[0]))
	addontest.WriteFile(t, path, map[string]string{"layer_structure": structure, "activation_func": "linear"}, tensors)
	return path
}

// TestHypernetworksByWidth: a hypernetwork is for the family whose text is as wide: 1024 is Stable Diffusion 2's. One for
// the image alone fits all but SDXL's refiner, whose text happens to be as wide as its image.
func TestHypernetworksByWidth(t *testing.T) {
	t.Parallel()
	models := map[*family.Family]int{family.SD1: 768, family.SD2: 1024, family.SDXL: 2048, family.Refiner: 1280}
	for width, fits := range map[int][]*family.Family{
		768: {family.SD1}, 1024: {family.SD2}, 2048: {family.SDXL}, 1280: {family.SD1, family.SD2, family.SDXL},
		640: {family.SD1, family.SD2, family.SDXL}, 333: nil,
	} {
		path := writeHypernet(t, width)
		card, err := addon.Read(picture.Hypernet, path)
		if err != nil {
			t.Fatal(err)
		}
		spec := picture.Spec{Addons: []picture.Addon{{Kind: picture.Hypernet, Name: "wide", Hash: "aa", Strength: 1}}}
		for f, textWidth := range models {
			want := false
			for _, other := range fits {
				want = want || other == f
			}
			err := extenderOf(f, textWidth, path).applyHypernets(spec, &onnx.Addons{})
			refusal, refused := errors.AsType[*render.Refusal](err)
			if refused == want || err != nil && !refused {
				t.Errorf("%d on %s: got %v, want it to fit: %v", width, f.Name, err, want)
			}
			if refused && !strings.HasPrefix(refusal.Sentence, "“wide” is a hypernetwork for ") {
				t.Errorf("%d on %s: got %q, want what it is for", width, f.Name, refusal.Sentence)
			}
			if got := card.Fits(request.Card{Family: f.Name, TextWidth: textWidth}); got != want {
				t.Errorf("%d on %s: the card fits: %v, want %v", width, f.Name, got, want)
			}
		}
	}
}

//go:build cgo

package golden_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
)

// initRecord is an image that the reference generated from an init image, or with another folder's scheduler
// (recipe/starts.py).
type initRecord struct {
	Model    string
	Dialect  picture.Dialect
	Given    string // "image" or "mask", with an image; empty for neither
	Sampler  string
	Steps    int
	Strength float64
	Guidance float64
	Says     map[string]any // what the folder's scheduler says otherwise; nil for what it does not say
	Tiling   bool
	Latents  numberRange
}

func (b initRecord) String() string {
	tiled := ""
	if b.Tiling {
		tiled = "/tiling"
	}
	return fmt.Sprintf(
		"%s/%s/%s/%s/%d_steps/strength_%v%s/%v", b.Dialect, b.Model, b.Given, b.Sampler, b.Steps, b.Strength, tiled, b.Says,
	)
}

// TestInitImages compares img2img, and images of old folders, with the reference.
func TestInitImages(t *testing.T) {
	t.Parallel()
	var all []initRecord
	r := records{numbers: loadRecords(t, "starts", &all)}
	with := map[string]*render.Renderer{}
	for _, b := range all {
		key := fmt.Sprint(b.Model, b.Says)
		if with[key] == nil {
			with[key] = newRenderer(t, loadParts(t, withScheduler(t, b.Model, b.Says)))
		}
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			s, job := b.spec(t)
			got, err := with[key].Render(t.Context(), s, job)
			if err != nil {
				t.Fatal(err)
			}
			d := relativeError(got.Latents, r.tensor(b.Latents))
			if !(d <= maxInitError) {
				t.Errorf("finished latents: off by %.2g of the largest, want at most %v", d, maxInitError)
			}
		})
	}
	if len(all) < 30 {
		t.Errorf("got %d records, want 30 or more", len(all))
	}
}

// withScheduler unpacks a pipeline whose scheduler says some things otherwise.
func withScheduler(t testing.TB, model string, says map[string]any) string {
	t.Helper()
	dir := goldentest.Model(t, model)
	path := filepath.Join(dir, "scheduler", "scheduler_config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]any{}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	maps.Copy(config, says)
	maps.DeleteFunc(config, func(_ string, value any) bool { return value == nil })
	if data, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// spec is the recorded request, and its input images.
func (b initRecord) spec(t testing.TB) (picture.Spec, render.Job) {
	t.Helper()
	s := baseSpec(b.Dialect)
	s.Sampler, s.Steps, s.GuidanceScale, s.Tiling = b.Sampler, b.Steps, b.Guidance, b.Tiling
	if b.Given == "" {
		return s, render.Job{}
	}
	inputs := map[string][]byte{}
	add := func(img image.Image) picture.Input {
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(file.Bytes())
		name := hex.EncodeToString(sum[:])
		inputs[name] = file.Bytes()
		return picture.Input{SHA256: name, Width: side, Height: side}
	}
	s.Init = &picture.Init{Picture: add(gradientImage()), Strength: b.Strength}
	if b.Given == "mask" {
		mask := add(windowMask())
		s.Init.Mask = &mask
	}
	return s, render.Job{
		Input: func(_ context.Context, sha string) ([]byte, error) { return slices.Clone(inputs[sha]), nil },
	}
}

// gradientImage is the image of recipe/starts.py.
func gradientImage() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		x, y := i%side, i/side
		img.Set(x, y, color.NRGBA{uint8(x * 4), uint8(y * 5), uint8((x + y) * 2), 255})
	}
	return img
}

// windowMask is its mask: white from (20, 10) to (50, 36).
func windowMask() image.Image {
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		if x, y := i%side, i/side; x >= 20 && x < 50 && y >= 10 && y < 36 {
			img.Pix[i] = 255
		}
	}
	return img
}

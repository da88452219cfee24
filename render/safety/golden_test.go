//go:build cgo

package safety_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/encode"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/safety"
)

// golden is what the reference says of the scenes; recipe/record.py made it.
type golden struct {
	Sizes       [][2]int
	Resized     [][2]string // SHA-256 of the bytes of each at other sizes
	Sums        []float64   // of what the preprocessor makes of each
	Cosines     [][]float64
	Thresholds  [][]float64
	Flagged     []bool               // by diffusers' checker, which rounds
	FlaggedONNX []bool               `json:"flagged_onnx"` // by its export, which does not
	Last        []float64            `json:"nsfw-last"`
	First       []float64            `json:"nsfw-first"`
	Real        map[string][]float64 // by the SHA-256 of the real open_nsfw's file
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// scenes are the images that the recipe draws.
func (g golden) scenes() []image.Image {
	var all []image.Image
	for i, size := range g.Sizes {
		img := image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))
		for y := range size[1] {
			for x := range size[0] {
				c := [3]int{(x*(3+i) + y) % 256, (y*5 + x*i) % 256, (x*y + 40*i) % 256}
				if (x/7+y/5)%3 == i%3 {
					c = [3]int{220, 20 + 30*i, 60}
				}
				copy(img.Pix[img.PixOffset(x, y):], []uint8{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
			}
		}
		all = append(all, img)
	}
	return all
}

// loadChecker loads a checker, or skips the test where ONNX Runtime was not fetched.
func loadChecker(t *testing.T, path string) *safety.Checker {
	t.Helper()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skipf("needs ONNX Runtime (make runtime): %v", err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
	m, err := safety.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	network, err := onnx.LoadNetwork(m.Network, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	})
	return &safety.Checker{Model: m, Network: network}
}

// unpackChecker writes an exported checker as a folder, with the settings of the tiny one.
func unpackChecker(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"config.json", "preprocessor_config.json"} {
		copyFile(t, filepath.Join("testdata/checker", file), filepath.Join(dir, file))
	}
	packed, err := os.ReadFile("testdata/" + name + ".onnx.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "model.onnx"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantScores compares cosines, thresholds and decisions with the reference.
func wantScores(t *testing.T, g golden, got []safety.Verdict, flagged []bool, tolerance float64) {
	t.Helper()
	for i, v := range got {
		if len(v.Scores) != len(g.Cosines[i]) {
			t.Fatalf("image %d: %d scores, want %d", i, len(v.Scores), len(g.Cosines[i]))
		}
		for j, s := range v.Scores {
			if d := math.Abs(float64(s.Value) - g.Cosines[i][j]); !(d <= tolerance) {
				t.Errorf("image %d, %s: got %v, want %v", i, s.Concept, s.Value, g.Cosines[i][j])
			}
			if d := math.Abs(float64(s.Threshold) - g.Thresholds[i][j]); !(d <= tolerance) {
				t.Errorf("image %d, threshold of %s: got %v, want %v", i, s.Concept, s.Threshold, g.Thresholds[i][j])
			}
		}
		if flagged != nil && v.Flagged != flagged[i] {
			t.Errorf("image %d: flagged is %v, want %v", i, v.Flagged, flagged[i])
		}
	}
}

// TestExportedChecker: scores and decisions of Stable Diffusion's checker in ONNX are those of diffusers.
func TestExportedChecker(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for name, tolerance := range map[string]float64{
		"checker-14": 1e-4, "checker-17-folded": 1e-4, "checker-half": 2e-3,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loadChecker(t, unpackChecker(t, name))
			got, err := c.Check(t.Context(), g.scenes())
			if err != nil {
				t.Fatal(err)
			}
			flagged := g.FlaggedONNX
			if tolerance > 1e-4 {
				flagged = nil // half precision is coarser than the margins
			}
			wantScores(t, g, got, flagged, tolerance)
		})
	}
}

// TestChecker: so are those of its weights in safetensors, in the names of old and new versions of transformers.
func TestChecker(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for name, prefix := range map[string]string{"new names": "", "old names": "vision_model."} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range []string{"config.json", "preprocessor_config.json", "model.safetensors"} {
				copyFile(t, filepath.Join("testdata/checker", file), filepath.Join(dir, file))
			}
			onnxtest.Rewrite(t, filepath.Join(dir, "model.safetensors"), func(data []byte) []byte {
				size := binary.LittleEndian.Uint64(data)
				header := bytes.ReplaceAll(data[8:8+size], []byte(`"vision_model.`), []byte(`"`+prefix+`vision_model.`))
				return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header, data[8+size:])
			})
			c := loadChecker(t, dir)
			got, err := c.Check(t.Context(), g.scenes())
			if err != nil {
				t.Fatal(err)
			}
			wantScores(t, g, got, g.Flagged, 1e-4)
		})
	}
}

// TestTinyNSFW: a network with open_nsfw's interface says what it says after the package's own preprocessing.
func TestTinyNSFW(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for name, want := range map[string][]float64{"nsfw-last": g.Last, "nsfw-first": g.First} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loadChecker(t, "testdata/"+name+".onnx")
			wantProbabilities(t, c, g, want, slices.Repeat([]float64{1e-3}, len(want)))
		})
	}
}

func wantProbabilities(t *testing.T, c *safety.Checker, g golden, want, tolerance []float64) {
	t.Helper()
	got, err := c.Check(t.Context(), g.scenes())
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if len(v.Scores) != 1 || v.Scores[0].Concept != "nsfw" {
			t.Fatalf("image %d: got %+v, want one score of nsfw", i, v)
		}
		value := float64(v.Scores[0].Value)
		if d := math.Abs(value - want[i]); !(d <= tolerance[i]) {
			t.Errorf("image %d: got %v, want %v", i, value, want[i])
		}
		if v.Flagged != (value >= 0.5) {
			t.Errorf("image %d: flagged is %v at %v", i, v.Flagged, value)
		}
	}
}

// TestRealNSFW compares with what the packages say that ship open_nsfw. The model is not in the tree: name its file.
func TestRealNSFW(t *testing.T) {
	t.Parallel()
	path := os.Getenv("DARKROOM_OPEN_NSFW")
	if path == "" {
		t.Skip("set DARKROOM_OPEN_NSFW to the .onnx file of open_nsfw; docs/safety.md says where it comes from")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	g := readGolden(t)
	want := g.Real[hex.EncodeToString(sum[:])]
	if want == nil {
		t.Fatalf("%s is none of the files that were recorded", path)
	}
	wantProbabilities(t, loadChecker(t, path), g, want, realTolerance)
}

// realTolerance is by image. That of 4 is of single dots: the network makes much of what JPEG rounds in them, so that
// the two packages, one of which cuts before JPEG and one after it, are 0.0036 from each other.
var realTolerance = []float64{1e-3, 1e-3, 1e-3, 1e-3, 1e-2, 1e-3}

// TestResizeAsPillow: the bytes are those of Pillow's resize.
func TestResizeAsPillow(t *testing.T) {
	t.Parallel()
	g := readGolden(t)
	for i, img := range g.scenes() {
		got := [2]string{
			sumOf(encode.ResizeAsPillow(img, 24, 31, encode.Bicubic())),
			sumOf(encode.ResizeAsPillow(img, 256, 256, encode.Bilinear())),
		}
		if got != g.Resized[i] {
			t.Errorf("image %d: got %v, want %v", i, got, g.Resized[i])
		}
	}
}

// sumOf is the SHA-256 of an image's RGB.
func sumOf(img *image.NRGBA) string {
	var rgb []byte
	for i := 0; i < len(img.Pix); i += 4 {
		rgb = append(rgb, img.Pix[i:i+3]...)
	}
	sum := sha256.Sum256(rgb)
	return hex.EncodeToString(sum[:])
}

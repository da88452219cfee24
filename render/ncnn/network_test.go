package ncnn_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/ncnn"
	"darkroom/render/onnx"
	"darkroom/render/tensor"
)

// record is an image, [3,5,7], and what the ncnn library makes of it: recipe/networks.py.
type record struct {
	Scale           int
	Image, Enlarged []byte // float32 in base64
}

func records(t testing.TB) map[string]record {
	t.Helper()
	var all map[string]record
	if err := json.Unmarshal(testdata(t, "records.json"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func floats(raw []byte) []float32 {
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

func readNetwork(t testing.TB, name string) *ncnn.Network {
	t.Helper()
	n, err := ncnn.Read(testdata(t, name+".param"), testdata(t, name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The written networks make of an image what ncnn itself makes of it.
func TestONNXAgreesWithNCNN(t *testing.T) {
	t.Parallel()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skip(err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
	all := records(t)
	if len(all) != 3 {
		t.Fatalf("%d records, want 3", len(all))
	}
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), name+".onnx")
			n := readNetwork(t, name)
			if err := os.WriteFile(path, n.ONNX("license", "none"), 0o600); err != nil {
				t.Fatal(err)
			}
			compare(t, path, n.Scale, r)
		})
	}
}

// compare runs an ONNX file on a record's image.
func compare(t *testing.T, path string, scale int, r record) {
	t.Helper()
	opened, err := folder.OpenUpscaler(path)
	if err != nil {
		t.Fatal(err)
	}
	if scale != r.Scale || opened.Scale != r.Scale || opened.Multiple != 1 {
		t.Errorf("scale %d, in ONNX %d of multiples of %d, want %d of 1", scale, opened.Scale, opened.Multiple, r.Scale)
	}
	network, err := onnx.OpenUpscaler(opened, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	got, err := network.Upscale(t.Context(), tensor.Tensor{Shape: []int{1, 3, 5, 7}, Data: floats(r.Image)})
	if err != nil {
		t.Fatal(err)
	}
	want, worst := floats(r.Enlarged), 0.0
	if !slices.Equal(got.Shape, []int{1, 3, 5 * r.Scale, 7 * r.Scale}) || len(got.Data) != len(want) {
		t.Fatalf("got shape %v, want %d times 5×7, %d values", got.Shape, r.Scale, len(want))
	}
	for i, v := range want {
		worst = max(worst, math.Abs(float64(got.Data[i]-v)))
	}
	if worst > 1e-5 {
		t.Errorf("differs by %.2g, want at most 1e-5", worst)
	}
}

// The hash of an upscaler is what jobs name it by, so the same files must always give the same bytes.
func TestONNXStaysTheSame(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"dense":   "5d8fe8ac0d95414185ff965e921c98993107e0b7945fa1aff050ab0074cdc78d",
		"compact": "0c70b435f8322f122b049d4e49b1282618285e6d68f8692690df2b3d1f53d7e9",
		"plain":   "d84cab6f3a6bfa565de8002db72d71c5dfa7240e5cbc1aaa6607c4c238a3999f",
	} {
		sum := sha256.Sum256(readNetwork(t, name).ONNX("license", "none", "scale", "2"))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// Package addontest gives the tests of add-ons what recipe recorded: values drawn by name, and files.
package addontest

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// Draw returns n values of a name, from -scale to scale: see recipe/formula.py.
func Draw(name string, n int, scale float64) []float32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash returns no error
	out := make([]float32, n)
	for i := range out {
		z := h.Sum64() + (uint64(i)+1)*0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		out[i] = float32(scale) * (float32(int32(z>>40)-1<<23) / (1 << 23))
	}
	return out
}

// Entry is a tensor of a safetensors file.
type Entry struct {
	DType string
	Shape []int
	Data  []byte
}

// WriteFile writes a safetensors file.
func WriteFile(t testing.TB, path string, metadata map[string]string, tensors map[string]Entry) {
	t.Helper()
	header := map[string]any{}
	if metadata != nil {
		header["__metadata__"] = metadata
	}
	var body bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		e := tensors[name]
		header[name] = map[string]any{
			"dtype": e.DType, "shape": e.Shape, "data_offsets": []int{body.Len(), body.Len() + len(e.Data)},
		}
		body.Write(e.Data)
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	all := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, append(all, body.Bytes()...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ReadRecord reads what recipe wrote into testdata, such as "torch.json.gz".
func ReadRecord(t testing.TB, name string, into any) {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	file, err := os.Open(filepath.Join(filepath.Dir(here), "..", "testdata", name))
	if err != nil || !ok {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err == nil {
		err = json.NewDecoder(unzipped).Decode(into)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
}

// Torch is torch.json.gz, which recipe/torch_files.py wrote.
type Torch struct {
	Embeddings map[string][]byte // files
	Hypernets  map[string][]byte
	// Outputs of hypernetworks: by name, then by "width side strength" with side k or v.
	Outputs     map[string]map[string][]float64
	Activations map[string][]float64
}

// Save writes a file into a folder of the test and returns its path.
func Save(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Package upscalertest gives tests small upscalers with random weights, and what spandrel makes of an image with them, as
// recipe/upscalers.py recorded it.
package upscalertest

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/tensor"
)

// Case is a file and what its network makes of an image.
type Case struct {
	Name   string
	DType  string // of all tensors
	Scale  int
	Shapes map[string][]int // of the tensors, by key
	Size   [2]int           // of the image, width and height
	Step   int              // between recorded values of the output
	Values []float64

	File  []byte // of an export: the ONNX file
	Fixed bool   // of an export: it takes images of that size alone
}

// Cases reads all cases.
func Cases(t testing.TB) (all []Case) {
	t.Helper()
	read(t, "upscalers.json.gz", &all)
	return all
}

// Exports reads the networks that torch's exporters wrote as ONNX.
func Exports(t testing.TB) (all []Case) {
	t.Helper()
	read(t, "exports.json.gz", &all)
	return all
}

func read(t testing.TB, name string, into any) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	file, err := os.Open(filepath.Join(filepath.Dir(here), "..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err == nil {
		err = json.NewDecoder(unzipped).Decode(into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Find returns the case of a name.
func Find(t testing.TB, name string) Case {
	t.Helper()
	for _, c := range Cases(t) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no recorded upscaler %q", name)
	return Case{}
}

// Tensors draws the file's tensors.
func (c Case) Tensors() map[string]addontest.Entry {
	all := map[string]addontest.Entry{}
	for key, shape := range c.Shapes {
		n, fan := 1, 1
		for i, d := range shape {
			if n *= d; i > 0 {
				fan *= d
			}
		}
		scale := 0.2
		if len(shape) > 1 {
			scale = 1.6 / math.Sqrt(float64(fan))
		}
		all[key] = addontest.Entry{
			DType: c.DType, Shape: shape, Data: encode(c.DType, addontest.Draw(c.Name+"/"+key, n, scale)),
		}
	}
	return all
}

// Write writes the file into a folder that is gone when the test ends, and returns its path.
func (c Case) Write(t testing.TB) string {
	t.Helper()
	if c.File != nil {
		return addontest.Save(t, c.Name+".onnx", c.File)
	}
	path := filepath.Join(t.TempDir(), c.Name+".safetensors")
	addontest.WriteFile(t, path, nil, c.Tensors())
	return path
}

// Image is what the recipe gave the network: RGB from 0 to 1.
func (c Case) Image() tensor.Tensor {
	out := tensor.New(1, 3, c.Size[1], c.Size[0])
	for i, v := range addontest.Draw(c.Name+"/image", len(out.Data), 1) {
		out.Data[i] = (v + 1) / 2
	}
	return out
}

// encode writes numbers in an element type, rounded to nearest, ties to even.
func encode(dtype string, values []float32) (data []byte) {
	for _, v := range values {
		bits := math.Float32bits(v)
		switch dtype {
		case "F16":
			data = binary.LittleEndian.AppendUint16(data, tensor.ToFloat16(v))
		case "BF16":
			data = binary.LittleEndian.AppendUint16(data, uint16((bits+0x7fff+bits>>16&1)>>16))
		default:
			data = binary.LittleEndian.AppendUint32(data, bits)
		}
	}
	return data
}

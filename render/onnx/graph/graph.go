// Package graph reads the header of an ONNX file (its inputs, outputs and where its weights are) without loading the
// weights and without ONNX Runtime, and edits graphs in memory. It notices a file that was cut short, or whose weights
// are missing.
//
// It reads the few protobuf fields that it needs with protowire, without generated code. Field numbers are those of the
// format's onnx.proto.
package graph

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Type is the element type of a tensor, numbered as in TensorProto.DataType.
type Type int

// The element types that a diffusion model's inputs and outputs have.
const (
	Float    Type = 1
	Int32    Type = 6
	Int64    Type = 7
	Float16  Type = 10
	Double   Type = 11
	BFloat16 Type = 16

	Float8E4M3 Type = 17 // without infinity, as torch.float8_e4m3fn
	Float8E5M2 Type = 19
)

// String returns the type's usual name.
func (t Type) String() string {
	names := map[Type]string{
		Float: "float32", Int32: "int32", Int64: "int64", Float16: "float16", Double: "float64", BFloat16: "bfloat16",
		Float8E4M3: "float8", Float8E5M2: "float8",
	}
	if n, ok := names[t]; ok {
		return n
	}
	return fmt.Sprintf("type %d", int(t))
}

// Value is one input or output of a model.
type Value struct {
	Name string
	Type Type
	Dims []int // a dimension that may vary is 0; a scalar has none
}

// String returns the value as messages print it: `sample float32 [?,4,?,?]`.
func (v Value) String() string {
	dims := make([]string, len(v.Dims))
	for i, d := range v.Dims {
		if dims[i] = "?"; d > 0 {
			dims[i] = fmt.Sprint(d)
		}
	}
	return fmt.Sprintf("%s %v [%s]", v.Name, v.Type, strings.Join(dims, ","))
}

// Header is what an ONNX file says of itself.
type Header struct {
	Inputs  []Value // without weights
	Outputs []Value
	// External maps each file of weights, relative to the model's folder, to the bytes it must have at least.
	External map[string]int64
}

// Input finds an input by the first of some names that it has.
func (h Header) Input(names ...string) (Value, bool) { return find(h.Inputs, names) }

// Output finds an output by the first of some names that it has.
func (h Header) Output(names ...string) (Value, bool) { return find(h.Outputs, names) }

func find(values []Value, names []string) (Value, bool) {
	for _, name := range names {
		for _, v := range values {
			if v.Name == name {
				return v, true
			}
		}
	}
	return Value{}, false
}

// Read reads a file's header and checks that the file and its external weights are there in full.
func Read(path string) (Header, error) {
	f, err := os.Open(path)
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Header{}, err
	}
	if err := rejectNonModel(f, info.Size()); err != nil {
		return Header{}, fmt.Errorf("%s: %w", path, err)
	}
	h, err := read(f, info.Size())
	if err != nil {
		return Header{}, fmt.Errorf("%s: %w", path, err)
	}
	return h, h.checkExternal(filepath.Dir(path))
}

// rejectNonModel recognises files that people often have in place of a model.
func rejectNonModel(f *os.File, size int64) error {
	if size == 0 {
		return fmt.Errorf("the file is empty, want an ONNX model")
	}
	head := make([]byte, 64)
	n, _ := f.ReadAt(head, 0) // a shorter file gives fewer bytes
	switch start := strings.ToLower(string(head[:n])); {
	case strings.HasPrefix(start, "version https://git-lfs"):
		return fmt.Errorf("a Git LFS pointer, not the model; run `git lfs pull` in its folder")
	case strings.HasPrefix(strings.TrimSpace(start), "<"):
		return fmt.Errorf("a web page, not an ONNX model")
	}
	return nil
}

// checkExternal checks the files that hold the weights. Paths that leave the model's folder are refused, as ONNX
// Runtime refuses them too.
func (h Header) checkExternal(dir string) error {
	for name, want := range h.External {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s: weights in %q, want a file inside the model's folder", dir, name)
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("weights: %w", err)
		}
		if info.Size() < want {
			return fmt.Errorf("%s: cut short: %d bytes, want %d", filepath.Join(dir, name), info.Size(), want)
		}
	}
	return nil
}

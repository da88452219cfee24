// Package safetensors reads files of weights in the safetensors format: a JSON header that says where each tensor lies,
// and the tensors' bytes. A file is untrusted: everything that its header claims is checked before it is used.
//
// The format: https://github.com/huggingface/safetensors#format
package safetensors

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"darkroom/render/mapped"
)

// MaxHeader is how many bytes of header are read. The format allows 100 MB; the largest checkpoints have 1 MB.
const MaxHeader = 25_000_000

// maxTensors is how many tensors a file may have. Large checkpoints and LoRAs have some thousands.
const maxTensors = 50_000

// Tensor is where a tensor lies in a file. Its values are row-major and little-endian.
type Tensor struct {
	DType  DType
	Shape  []int64
	Offset int64 // from the start of the file
	Length int64 // bytes
}

// Count is the number of values.
func (t Tensor) Count() int64 { return t.Length / t.DType.Size() }

// File is an opened file: its header, and the way to its bytes. Its methods may be called concurrently.
type File struct {
	*mapped.File
	Metadata map[string]string // nil for none
	Tensors  map[string]Tensor // by name
}

// Open reads and checks a file's header. The file is not kept open.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func open(path string) (_ *File, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, unwrapPath(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, unwrapPath(err)
	}
	whole, err := mapped.New(path, info)
	if err != nil {
		return nil, errors.New("not a regular file")
	}
	h, err := readHeader(file, info.Size())
	if err != nil {
		return nil, err
	}
	return &File{File: whole, Metadata: h.metadata, Tensors: h.tensors}, nil
}

// unwrapPath drops the path of an error, which the caller names.
func unwrapPath(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// Names lists the tensors, sorted.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.Tensors))
	for name := range f.Tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Mapping is a hold on a file's bytes; see mapped.Mapping.
type Mapping struct{ *mapped.Mapping }

// Map maps the file into memory. The caller closes the mapping.
func (f *File) Map() (*Mapping, error) {
	m, err := f.File.Map()
	if err != nil {
		return nil, err
	}
	return &Mapping{m}, nil
}

// Bytes returns the bytes of a tensor of this file, without a copy. They must not be written.
func (m *Mapping) Bytes(t Tensor) []byte { return m.Mapping.Bytes(t.Offset, t.Length) }

// Floats converts a tensor to float32.
func (m *Mapping) Floats(t Tensor) ([]float32, error) { return Floats(t.DType, m.Bytes(t)) }

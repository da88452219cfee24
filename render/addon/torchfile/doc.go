// Package torchfile reads what torch.save wrote, without running what a pickle asks for. A pickle is a program: this
// reader knows those of its instructions that build dicts, lists, tuples, texts, numbers and tensors, and the few names
// of torch that tensors are made of. Anything else is an error. Sizes are bounded by the file's own.
//
// The formats: https://docs.python.org/3/library/pickletools.html, and torch/serialization.py, for its zip archives and
// the form before torch 1.6.
package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
)

// Limits of a file.
const (
	MaxFile   = 1 << 30 // bytes
	maxPickle = 1 << 20 // bytes of instructions
	maxValues = 1 << 28 // of all tensors together
)

// ErrFormat says that a file was not written by torch.save.
var ErrFormat = errors.New("not a file of torch.save")

// Tensor is a tensor of floating-point or whole numbers, widened.
type Tensor struct {
	Shape []int
	Data  []float32
}

// List is a Python list or tuple.
type List struct{ Items []any }

// Dict is a Python dict, or the attributes of a ParameterDict. Keys are strings and int64s; others are left out.
type Dict struct {
	Keys   []any
	values map[any]any
}

// Get returns the value of a key; nil for none.
func (d *Dict) Get(key any) any { return d.values[key] }

func (d *Dict) set(key, value any) {
	switch key.(type) {
	case string, int64:
	default:
		return
	}
	if d.values == nil {
		d.values = map[any]any{}
	}
	if _, there := d.values[key]; !there {
		d.Keys = append(d.Keys, key)
	}
	d.values[key] = value
}

// Open reads a file.
func Open(path string) (_ any, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return Load(f, info.Size())
}

// Load reads a file of size bytes. What it returns is a *Dict, *List, *Tensor, string, int64, float64, bool or nil, and
// so are the things in it.
func Load(r io.ReaderAt, size int64) (any, error) {
	if size > MaxFile {
		return nil, fmt.Errorf("a file of %d bytes, want at most %d", size, MaxFile)
	}
	start := make([]byte, 4)
	if _, err := r.ReadAt(start, 0); err != nil {
		return nil, ErrFormat
	}
	if string(start) == "PK\x03\x04" {
		archive, err := zip.NewReader(r, size)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		return loadZip(archive, size)
	}
	return loadLegacy(io.NewSectionReader(r, 0, size))
}

package graph

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Skeleton is a model without its weights: small enough to be edited in memory, and to be loaded from there. It says
// where in which file each weight lies, so the weights themselves are read once, by the runtime, from the file.
type Skeleton struct {
	Model []byte
	Dir   string // of the files of weights
}

// keptInside is how long a weight may be to stay in the skeleton. Numbers that shapes are worked out from are shorter.
const keptInside = 1 << 10 // bytes

// ReadSkeleton reads a model without its weights. Those in files of their own stay there; those in the model's own file
// are referred to where they lie in it.
func ReadSkeleton(path string) (Skeleton, error) {
	s, err := readSkeleton(path)
	if err != nil {
		return Skeleton{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func readSkeleton(path string) (Skeleton, error) {
	h, err := Read(path)
	if err != nil {
		return Skeleton{}, err
	}
	r := boner{keep: keptInside}
	if len(h.External) > 0 { // both kinds of weights must be found from one folder
		r.keep = -1
	} else if path, err = filepath.EvalSymlinks(path); err != nil { // ONNX Runtime refuses weights behind a link
		return Skeleton{}, err
	}
	r.location = filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return Skeleton{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Skeleton{}, err
	}
	r.wire = &wire{file: f, buf: bufio.NewReader(f), end: info.Size()}
	model, err := r.model()
	return Skeleton{model, filepath.Dir(path)}, err
}

// boner copies a model field by field, and leaves the long weights where they are.
type boner struct {
	*wire
	location string // what the file is called
	keep     int64  // the longest weight to copy; -1 for all
}

func (r boner) model() ([]byte, error) {
	var out []byte
	err := r.each(func(f field) (bool, error) {
		if f.number == 7 && f.kind == bytes { // ModelProto.graph
			g, err := r.graph(f)
			out = appendMessage(out, 7, g)
			return true, err
		}
		b, err := r.copied(f)
		out = append(out, b...)
		return true, err
	})
	return out, err
}

func (r boner) graph(f field) ([]byte, error) {
	var out []byte
	err := r.inside(f, func(f field) (bool, error) {
		if f.number == 5 && f.kind == bytes { // initializer
			w, err := r.weight(f)
			out = appendMessage(out, 5, w)
			return true, err
		}
		b, err := r.copied(f)
		out = append(out, b...)
		return true, err
	})
	return out, err
}

// weight copies a TensorProto, with a reference in the place of its raw_data = 9: external_data = 13, and
// data_location = 14, where EXTERNAL is 1.
func (r boner) weight(f field) ([]byte, error) {
	var out []byte
	err := r.inside(f, func(f field) (bool, error) {
		if f.number != 9 || f.kind != bytes || r.keep < 0 || f.size <= r.keep {
			b, err := r.copied(f)
			out = append(out, b...)
			return true, err
		}
		for _, pair := range [][2]string{{"location", r.location}, {"offset", fmt.Sprint(r.pos)}, {"length", fmt.Sprint(f.size)}} {
			entry := appendMessage(appendMessage(nil, 1, []byte(pair[0])), 2, []byte(pair[1]))
			out = appendMessage(out, 13, entry)
		}
		out = appendNumber(out, 14, 1)
		return false, nil
	})
	return out, err
}

// copied reads a field as it stands.
func (r boner) copied(f field) ([]byte, error) {
	size, tag := f.size, binary.AppendUvarint(nil, uint64(f.number)<<3|uint64(f.kind))
	switch f.kind {
	case varint:
		v, err := r.number()
		return binary.AppendUvarint(tag, v), err
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	case bytes:
		tag = binary.AppendUvarint(tag, uint64(size))
	default:
		return nil, errMalformed
	}
	if size > r.end-r.pos {
		return nil, errMalformed
	}
	out := append(tag, make([]byte, size)...)
	if _, err := io.ReadFull(r.buf, out[len(tag):]); err != nil {
		return nil, errMalformed
	}
	r.pos += size
	return out, nil
}

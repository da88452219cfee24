package graph

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Skeleton is a model without its weights: small enough to be edited and loaded from memory. It says where in which
// file each weight lies, so the runtime reads the weights once, from the file.
type Skeleton struct {
	Model []byte
	Dir   string // of the files of weights
}

// maxInlineWeight is how long a weight may be to stay in the skeleton. Numbers that shapes are computed from are
// shorter.
const maxInlineWeight = 1 << 10 // bytes

// ReadSkeleton reads a model without its weights. It refers to the place of each: in a file of its own, or in the
// model's file.
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
	dir := filepath.Dir(path)
	r := skeletonReader{maxInline: -1}
	if target, files, err := resolveLinks(path, h); err != nil {
		return Skeleton{}, err
	} else if files != nil {
		dir, r.maxInline, r.location, r.files = filepath.Dir(target), maxInlineWeight, filepath.Base(target), files
	}
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
	return Skeleton{model, dir}, err
}

// resolveLinks finds where the model and its files of weights really lie, since ONNX Runtime refuses weights behind a
// link to another folder: in Hugging Face's cache every file is such a link. It returns the real names of the files of
// weights, or nil where they do not all lie beside the model, since then no one folder can be given for all.
func resolveLinks(path string, h Header) (target string, files map[string]string, err error) {
	if target, err = filepath.EvalSymlinks(path); err != nil {
		return "", nil, err
	}
	files = map[string]string{}
	for name := range h.External {
		file, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return "", nil, err
		}
		if filepath.Dir(file) != filepath.Dir(target) {
			return target, nil, nil
		}
		files[name] = filepath.Base(file)
	}
	return target, files, nil
}

// skeletonReader copies a model field by field, without the long weights.
type skeletonReader struct {
	*wire
	location  string            // what the file is called
	files     map[string]string // what the files of weights are called, by what the model calls them
	maxInline int64             // the longest weight to copy; -1 for all
}

func (r skeletonReader) model() ([]byte, error) {
	var out []byte
	err := r.each(func(f field) (bool, error) {
		if f.number == 7 && f.kind == protowire.BytesType { // ModelProto.graph
			g, err := r.graph(f)
			out = appendMessage(out, 7, g)
			return true, err
		}
		b, err := r.copyField(f)
		out = append(out, b...)
		return true, err
	})
	return out, err
}

func (r skeletonReader) graph(f field) ([]byte, error) {
	var out []byte
	err := r.inside(f, func(f field) (bool, error) {
		if f.number == 5 && f.kind == protowire.BytesType { // initializer
			w, err := r.weight(f)
			out = appendMessage(out, 5, w)
			return true, err
		}
		b, err := r.copyField(f)
		out = append(out, b...)
		return true, err
	})
	return out, err
}

// weight copies a TensorProto, with a reference in the place of its raw_data = 9: external_data = 13, and
// data_location = 14, where EXTERNAL is 1.
func (r skeletonReader) weight(f field) ([]byte, error) {
	var out []byte
	err := r.inside(f, func(f field) (bool, error) {
		if f.number == 13 && f.kind == protowire.BytesType && r.files != nil {
			pair, err := r.renamedEntry(f)
			out = appendMessage(out, 13, pair)
			return true, err
		}
		if f.number != 9 || f.kind != protowire.BytesType || r.maxInline < 0 || f.size <= r.maxInline {
			b, err := r.copyField(f)
			out = append(out, b...)
			return true, err
		}
		offset, length := fmt.Sprint(r.pos), fmt.Sprint(f.size)
		for _, pair := range [][2]string{{"location", r.location}, {"offset", offset}, {"length", length}} {
			out = appendMessage(out, 13, newEntry(pair[0], pair[1]))
		}
		out = appendNumber(out, 14, 1)
		return false, nil
	})
	return out, err
}

// renamedEntry reads an entry of external_data, with the real name of a file.
func (r skeletonReader) renamedEntry(f field) ([]byte, error) {
	pair := map[string]string{}
	if err := r.entry(f, pair); err != nil {
		return nil, err
	}
	for key, value := range pair {
		if key == "location" {
			value = r.files[value]
		}
		return newEntry(key, value), nil
	}
	return nil, errMalformed
}

// newEntry makes a StringStringEntryProto: key = 1, value = 2.
func newEntry(key, value string) []byte {
	return appendMessage(appendMessage(nil, 1, []byte(key)), 2, []byte(value))
}

// copyField reads a field as it stands.
func (r skeletonReader) copyField(f field) ([]byte, error) {
	size, tag := f.size, protowire.AppendTag(nil, protowire.Number(f.number), f.kind)
	switch f.kind {
	case protowire.VarintType:
		v, err := r.number()
		return protowire.AppendVarint(tag, v), err
	case protowire.Fixed64Type:
		size = 8
	case protowire.Fixed32Type:
		size = 4
	case protowire.BytesType:
		tag = protowire.AppendVarint(tag, uint64(size))
	default:
		return nil, errMalformed
	}
	if size > r.end-r.pos {
		return nil, errMalformed
	}
	out := slices.Concat(tag, make([]byte, size))
	if _, err := io.ReadFull(r.buf, out[len(tag):]); err != nil {
		return nil, errMalformed
	}
	r.pos += size
	return out, nil
}

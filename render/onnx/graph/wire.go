package graph

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wire walks protobuf fields from pos up to end. Nested messages are walked by narrowing end for a while.
type wire struct {
	file io.ReadSeeker
	buf  *bufio.Reader
	pos  int64
	end  int64
}

// The wire types of protobuf. Groups (3 and 4) are not used by ONNX.
const (
	varint  = 0
	fixed64 = 1
	bytes   = 2
	fixed32 = 5
)

// maxName bounds what is read into memory at once: names, shapes and locations.
const maxName = 1 << 20

var errMalformed = errors.New("not an ONNX model")

// field is one field's number and wire type; size is the length of a length-delimited field.
type field struct {
	number, kind int
	size         int64
}

// each calls visit for every field of the message that ends at w.end. A visit either consumes the field's content or
// returns done false, and then it is skipped.
func (w *wire) each(visit func(field) (done bool, err error)) error {
	for w.pos < w.end {
		f, err := w.next()
		if err != nil {
			return err
		}
		done, err := visit(f)
		if err != nil {
			return err
		}
		if !done {
			if err := w.skip(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// inside walks the nested message of a field.
func (w *wire) inside(f field, visit func(field) (bool, error)) error {
	if f.kind != bytes {
		return errMalformed
	}
	outer := w.end
	w.end = w.pos + f.size
	err := w.each(visit)
	w.end = outer
	return err
}

func (w *wire) next() (field, error) {
	tag, err := w.number()
	if err != nil {
		return field{}, err
	}
	f := field{number: int(tag >> 3), kind: int(tag & 7)}
	if f.number == 0 || tag>>3 > 1<<29 {
		return field{}, errMalformed
	}
	if f.kind == bytes {
		n, err := w.number()
		if err != nil {
			return field{}, err
		}
		if n > uint64(w.end-w.pos) {
			return field{}, fmt.Errorf("cut short or not an ONNX model: %d bytes are there, %d more are promised", w.pos, n)
		}
		f.size = int64(n)
	}
	return f, nil
}

func (w *wire) number() (uint64, error) {
	v, err := binary.ReadUvarint(countingReader{w})
	if err != nil {
		return 0, errMalformed
	}
	return v, nil
}

// counted reads single bytes and keeps w.pos, never past w.end.
type countingReader struct{ w *wire }

func (c countingReader) ReadByte() (byte, error) {
	if c.w.pos >= c.w.end {
		return 0, io.EOF
	}
	c.w.pos++
	return c.w.buf.ReadByte()
}

func (w *wire) text(f field) (string, error) {
	if f.kind != bytes || f.size > maxName {
		return "", errMalformed
	}
	b := make([]byte, f.size)
	if _, err := io.ReadFull(w.buf, b); err != nil {
		return "", errMalformed
	}
	w.pos += f.size
	return string(b), nil
}

// skip passes over a field's content; a large one by seeking, so that weights are not read.
func (w *wire) skip(f field) error {
	size := f.size
	switch f.kind {
	case varint:
		_, err := w.number()
		return err
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	case bytes:
	default:
		return errMalformed
	}
	if size > w.end-w.pos {
		return errMalformed
	}
	w.pos += size
	if size <= int64(w.buf.Buffered()) {
		_, err := w.buf.Discard(int(size))
		return err
	}
	if _, err := w.file.Seek(w.pos, io.SeekStart); err != nil {
		return err
	}
	w.buf.Reset(w.file)
	return nil
}

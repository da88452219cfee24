package graph

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// wire reads the protobuf fields of a file as a stream, from pos up to end, so that weights of gigabytes are skipped
// and never held in memory (package protowire reads from memory only). For a nested message, end is moved to its end
// and back.
type wire struct {
	file io.ReadSeeker
	buf  *bufio.Reader
	pos  int64
	end  int64
}

// maxName bounds what is read into memory at once: names, shapes and locations.
const maxName = 1 << 20

var errMalformed = errors.New("not an ONNX model")

// field is one field's number and wire type; size is the length of a length-delimited field.
type field struct {
	number int
	kind   protowire.Type
	size   int64
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

// inside calls visit for every field of a nested message.
func (w *wire) inside(f field, visit func(field) (bool, error)) error {
	if f.kind != protowire.BytesType {
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
	number, kind := protowire.DecodeTag(tag)
	if !number.IsValid() {
		return field{}, errMalformed
	}
	f := field{number: int(number), kind: kind}
	if kind == protowire.BytesType {
		n, err := w.number()
		if err != nil {
			return field{}, err
		}
		if n > uint64(w.end-w.pos) {
			return field{}, fmt.Errorf("cut short or not an ONNX model: %d bytes are there, a field needs %d more", w.pos, n)
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

// countingReader reads single bytes and advances w.pos, never past w.end.
type countingReader struct{ w *wire }

func (c countingReader) ReadByte() (byte, error) {
	if c.w.pos >= c.w.end {
		return 0, io.EOF
	}
	c.w.pos++
	return c.w.buf.ReadByte()
}

func (w *wire) text(f field) (string, error) {
	if f.kind != protowire.BytesType || f.size > maxName {
		return "", errMalformed
	}
	b := make([]byte, f.size)
	if _, err := io.ReadFull(w.buf, b); err != nil {
		return "", errMalformed
	}
	w.pos += f.size
	return string(b), nil
}

// skip skips a field's content. A large one is skipped by seeking, so that weights are not read.
func (w *wire) skip(f field) error {
	size := f.size
	switch f.kind {
	case protowire.VarintType:
		_, err := w.number()
		return err
	case protowire.Fixed64Type:
		size = 8
	case protowire.Fixed32Type:
		size = 4
	case protowire.BytesType:
	default: // ONNX has no groups
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

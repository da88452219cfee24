package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// metadataKey is the entry of the header that is no tensor.
const metadataKey = "__metadata__"

// header is what the header of a file says.
type header struct {
	tensors  map[string]Tensor
	metadata map[string]string
}

// readHeader reads the header from the start of a file of size bytes, and checks that its tensors fill the file without
// gaps and overlaps.
func readHeader(r io.Reader, size int64) (header, error) {
	if size == 0 {
		return header{}, errors.New("the file is empty")
	}
	var length [8]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return header{}, fmt.Errorf("no safetensors file: %d bytes, want at least 10", size)
	}
	n := binary.LittleEndian.Uint64(length[:])
	switch {
	case n < 2 || n > uint64(max(size-8, 0)):
		return header{}, fmt.Errorf("no safetensors file: a header of %d bytes in a file of %d", n, size)
	case n > MaxHeader:
		return header{}, fmt.Errorf("a header of %d bytes, want at most %d", n, MaxHeader)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return header{}, fmt.Errorf("header cut short: %w", err)
	}
	h, err := parseHeader(data)
	if err != nil {
		return header{}, fmt.Errorf("safetensors header: %w", err)
	}
	return h, h.place(8+int64(n), size)
}

// parseHeader reads the JSON. Names must be unique: programs differ in which of two they take.
func parseHeader(data []byte) (header, error) {
	h := header{tensors: map[string]Tensor{}}
	switch {
	case data[0] != '{':
		return h, errors.New("no JSON object")
	case !utf8.Valid(data):
		return h, errors.New("invalid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	hasMetadata := false
	err := eachField(d, func(name string) error {
		_, twice := h.tensors[name]
		if twice || name == metadataKey && hasMetadata {
			return fmt.Errorf("%s twice", Quote(name))
		}
		if name == metadataKey {
			hasMetadata = true
			return h.readMetadata(d)
		}
		if len(h.tensors) == maxTensors {
			return fmt.Errorf("more than %d tensors", maxTensors)
		}
		t, err := readTensor(d)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", Quote(name), err)
		}
		h.tensors[name] = t
		return nil
	})
	if err != nil {
		return h, err
	}
	if rest := bytes.Trim(data[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return h, errors.New("more after the JSON object")
	}
	return h, nil
}

// eachField reads an object, and calls read at the value of each field.
func eachField(d *json.Decoder, read func(name string) error) error {
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := read(name.(string)); err != nil { // a field's name is a string, or Token fails
			return err
		}
	}
	return expect(d, json.Delim('}'))
}

func expect(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s, want %v", Quote(fmt.Sprint(got)), want)
	}
	return nil
}

func (h *header) readMetadata(d *json.Decoder) error {
	h.metadata = map[string]string{}
	return eachField(d, func(name string) error {
		value, err := d.Token()
		if err != nil {
			return err
		}
		text, ok := value.(string)
		if _, twice := h.metadata[name]; twice || !ok {
			return fmt.Errorf("metadata %s: want one text", Quote(name))
		}
		h.metadata[name] = text
		return nil
	})
}

// readTensor reads one entry; Offset counts from the end of the header.
func readTensor(d *json.Decoder) (t Tensor, err error) {
	var dtype, shape, offsets bool
	var end int64
	err = eachField(d, func(name string) error {
		var err error
		switch {
		case name == "dtype" && !dtype:
			dtype = true
			t.DType, err = readDType(d)
		case name == "shape" && !shape:
			shape = true
			t.Shape, err = readNumbers(d)
		case name == "data_offsets" && !offsets:
			offsets = true
			var both []int64
			if both, err = readNumbers(d); err == nil && len(both) != 2 {
				err = fmt.Errorf("%d data_offsets, want 2", len(both))
			} else if err == nil {
				t.Offset, end = both[0], both[1]
			}
		default:
			err = fmt.Errorf("%s, want dtype, shape and data_offsets, each once", Quote(name))
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case !dtype || !shape || !offsets:
		return t, errors.New("want dtype, shape and data_offsets")
	case end < t.Offset:
		return t, fmt.Errorf("data_offsets [%d,%d]", t.Offset, end)
	}
	t.Length = end - t.Offset
	if want, ok := byteLength(t.DType, t.Shape); !ok || want != t.Length {
		return t, fmt.Errorf("%s%s in %d bytes", t.DType, clip(fmt.Sprint(t.Shape)), t.Length)
	}
	return t, nil
}

func readDType(d *json.Decoder) (DType, error) {
	value, err := d.Token()
	if err != nil {
		return "", err
	}
	name, _ := value.(string)
	if DType(name).Size() == 0 {
		return "", fmt.Errorf("dtype %s is unknown", Quote(fmt.Sprint(value)))
	}
	return DType(name), nil
}

// readNumbers reads an array of whole numbers that are not negative.
func readNumbers(d *json.Decoder) ([]int64, error) {
	if err := expect(d, json.Delim('[')); err != nil {
		return nil, err
	}
	all := []int64{}
	for d.More() {
		value, err := d.Token()
		if err != nil {
			return nil, err
		}
		number, ok := value.(json.Number)
		n, err := strconv.ParseUint(string(number), 10, 63)
		if !ok || err != nil {
			return nil, fmt.Errorf("%s, want a whole number", clip(fmt.Sprint(value)))
		}
		all = append(all, int64(n))
	}
	return all, expect(d, json.Delim(']'))
}

// byteLength is the length of a tensor, and whether it is a number that fits.
func byteLength(dtype DType, shape []int64) (int64, bool) {
	n := dtype.Size()
	if slices.Contains(shape, 0) {
		return 0, true
	}
	for _, d := range shape {
		if n > math.MaxInt64/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// place makes the offsets those in the file, and checks that the tensors fill it from start to end.
func (h *header) place(start, size int64) error {
	names := make([]string, 0, len(h.tensors))
	for name := range h.tensors {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := h.tensors[a], h.tensors[b]
		return cmp.Or(cmp.Compare(x.Offset, y.Offset), cmp.Compare(x.Length, y.Length), cmp.Compare(a, b))
	})
	at := int64(0)
	for _, name := range names {
		t := h.tensors[name]
		if t.Offset != at {
			return fmt.Errorf("tensor %s begins at byte %d, want %d: tensors overlap or leave a gap", Quote(name), t.Offset, at)
		}
		if at += t.Length; at > size-start {
			return fmt.Errorf("tensor %s ends after the file: is it cut short?", Quote(name))
		}
		t.Offset += start
		h.tensors[name] = t
	}
	if at != size-start {
		return fmt.Errorf("%d bytes after the last tensor", size-start-at)
	}
	return nil
}

// maxShown is how many characters of a file's own text an error shows: a header may be one name of 25 MB.
const maxShown = 80

// clip returns the beginning of a text that came from a file.
func clip(text string) string {
	n := 0
	for i := range text {
		if n++; n > maxShown {
			return text[:i] + "…"
		}
	}
	return text
}

// Quote returns a text that came from a file as an error shows it: its beginning between quotes, with control
// characters escaped.
func Quote(text string) string { return strconv.Quote(clip(text)) }

package tensor

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// npyMagic begins every .npy file (NumPy Enhancement Proposal 1), before two bytes of version.
const npyMagic = "\x93NUMPY"

// WriteNPY writes t in NumPy's file format, version 1.0: float32, little-endian, row-major.
func WriteNPY(w io.Writer, t Tensor) error {
	if err := t.Check(); err != nil {
		return fmt.Errorf("write npy: %w", err)
	}
	var dims strings.Builder
	for _, d := range t.Shape {
		fmt.Fprintf(&dims, "%d, ", d)
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dims.String())
	const fixed = len(npyMagic) + 4 // magic, version, length of the header
	header += strings.Repeat(" ", 63-(fixed+len(header))%64) + "\n"
	b := bufio.NewWriter(w)
	b.WriteString(npyMagic + "\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	b.WriteString(header)
	for _, v := range t.Data {
		b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	if err := b.Flush(); err != nil { // a bufio.Writer keeps its first error
		return fmt.Errorf("write npy: %w", err)
	}
	return nil
}

var (
	npyHeader = regexp.MustCompile(
		`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\),? *\}\s*$`,
	)
	npyLimit = 1 << 28 // values; a header must not be able to request more memory than that
)

// ReadNPY reads an array from NumPy's file format: float32, float64 or float16 in C order, little-endian.
func ReadNPY(r io.Reader) (Tensor, error) {
	b := bufio.NewReader(r)
	kind, shape, err := readNPYHeader(b)
	if err != nil {
		return Tensor{}, fmt.Errorf("read npy: %w", err)
	}
	n := 1
	for _, d := range shape {
		if d < 1 || n > npyLimit/d {
			return Tensor{}, fmt.Errorf("read npy: shape %v, want positive dimensions of at most %d values", shape, npyLimit)
		}
		n *= d
	}
	t := Tensor{Shape: shape}
	size := map[string]int{"<f2": 2, "<f4": 4, "<f8": 8}[kind]
	if size == 0 {
		return Tensor{}, fmt.Errorf("read npy: values of kind %q, want float32, float64 or float16, little-endian", kind)
	}
	cell := make([]byte, size)
	for range n { // grown as it is read: a short file with a large header costs nothing
		if _, err := io.ReadFull(b, cell); err != nil {
			return Tensor{}, fmt.Errorf("read npy: %d of %d values: %w", len(t.Data), n, err)
		}
		t.Data = append(t.Data, npyValue(cell))
	}
	return t, nil
}

func readNPYHeader(b *bufio.Reader) (kind string, shape []int, err error) {
	head := make([]byte, len(npyMagic)+2)
	if _, err := io.ReadFull(b, head); err != nil || string(head[:len(npyMagic)]) != npyMagic {
		return "", nil, fmt.Errorf("not a .npy file")
	}
	length, size := make([]byte, 4), 2
	if head[len(npyMagic)] >= 2 {
		size = 4 // since version 2
	}
	if _, err := io.ReadFull(b, length[:size]); err != nil {
		return "", nil, err
	}
	n := binary.LittleEndian.Uint32(length)
	if n > 1<<16 {
		return "", nil, fmt.Errorf("a header of %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(b, text); err != nil {
		return "", nil, err
	}
	m := npyHeader.FindStringSubmatch(string(text))
	if m == nil || m[2] == "True" {
		return "", nil, fmt.Errorf("header %.100q, want one array in C order", text)
	}
	for _, d := range strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' || r == ' ' }) {
		v, err := strconv.Atoi(d)
		if err != nil {
			return "", nil, err
		}
		shape = append(shape, v)
	}
	return m[1], shape, nil
}

func npyValue(cell []byte) float32 {
	switch len(cell) {
	case 2:
		return FromFloat16(binary.LittleEndian.Uint16(cell))
	case 4:
		return math.Float32frombits(binary.LittleEndian.Uint32(cell))
	default:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(cell)))
	}
}

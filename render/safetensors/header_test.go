package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// file makes a file of a header and so many bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func parse(b []byte) error {
	_, err := readHeader(bytes.NewReader(b), int64(len(b)))
	return err
}

const two = `{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F16","shape":[3],` +
	`"data_offsets":[16,22]}}`

// manyTensors is a header of n tensors without values.
func manyTensors(n int) string {
	var h strings.Builder
	for i := range n {
		fmt.Fprintf(&h, `%c"t%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, "{,"[min(i, 1)], i)
	}
	return h.String() + "}"
}

func TestReadHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		data   int
	}{
		"two tensors":           {two, 22},
		"no tensors":            {`{}`, 0},
		"many tensors":          {manyTensors(maxTensors), 0},
		"metadata alone":        {`{"__metadata__":{"format":"pt"}}`, 0},
		"padded with spaces":    {two + "     ", 22},
		"a tensor of no values": {`{"a":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}`, 0},
		"a scalar":              {`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4},
		"a zero hides a product": {
			`{"a":{"dtype":"F32","shape":[0,4611686018427387904,8],"data_offsets":[0,0]}}`, 0,
		},
	} {
		if err := parse(file(c.header, c.data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadHeaderOffsets(t *testing.T) {
	t.Parallel()
	b := file(two, 22)
	h, err := readHeader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	start := int64(8 + len(two))
	if a, c := h.tensors["a"], h.tensors["b"]; a.Offset != start || a.Length != 16 || c.Offset != start+16 ||
		c.Length != 6 {
		t.Errorf("got %+v and %+v", a, c)
	}
}

func TestReadHeaderRefuses(t *testing.T) {
	t.Parallel()
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	huge := strings.Repeat(" ", MaxHeader)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"an empty file":           {nil, "the file is empty"},
		"seven bytes":             {make([]byte, 7), "no safetensors file"},
		"a header of no bytes":    {file("", 0), "no safetensors file"},
		"a header after the end":  {file(two, 22)[:20], "no safetensors file"},
		"a header of 2^63":        {append(bytes.Repeat([]byte{255}, 8), two...), "no safetensors file"},
		"a header too large":      {file("{}"+huge, 0), "want at most"},
		"no JSON":                 {file("{bad", 0), "invalid character"},
		"an array":                {file("[]", 0), "no JSON object"},
		"leading whitespace":      {file(" "+two, 22), "no JSON object"},
		"a second object":         {file(two+"{}", 22), "more after"},
		"invalid UTF-8":           {file("{\"\xff\":{}}", 0), "UTF-8"},
		"a name twice":            {file(strings.Replace(two, `"b"`, `"a"`, 1), 22), "twice"},
		"metadata of numbers":     {file(`{"__metadata__":{"step":5}}`, 0), "want one text"},
		"metadata twice":          {file(`{"__metadata__":{},"__metadata__":{}}`, 0), "twice"},
		"nested metadata":         {file(`{"__metadata__":{"a":{}}}`, 0), "want one text"},
		"deep nesting":            {file(`{"a":`+strings.Repeat("[", 1<<20), 0), "want {"},
		"deep metadata":           {file(`{"__metadata__":`+strings.Repeat(`{"a":`, 1<<20), 0), "want one text"},
		"an unknown type":         {file(one(`"F31"`, "[1]", "[0,4]"), 4), "unknown"},
		"a type that is a number": {file(one(`7`, "[1]", "[0,4]"), 4), "unknown"},
		"a shape too large":       {file(one(`"F32"`, "[2]", "[0,4]"), 4), "in 4 bytes"},
		"a shape that overflows":  {file(one(`"F32"`, "[4611686018427387904,4]", "[0,0]"), 0), "in 0 bytes"},
		"a dimension of 2^64":     {file(one(`"F32"`, "[18446744073709551616]", "[0,0]"), 0), "whole number"},
		"a negative dimension":    {file(one(`"F32"`, "[-1,-1]", "[0,4]"), 4), "whole number"},
		"a fractional dimension":  {file(one(`"F32"`, "[1.0]", "[0,4]"), 4), "whole number"},
		"a negative offset":       {file(one(`"F32"`, "[1]", "[-4,0]"), 4), "whole number"},
		"offsets that run back":   {file(one(`"F32"`, "[1]", "[4,0]"), 4), "data_offsets"},
		"three offsets":           {file(one(`"F32"`, "[1]", "[0,4,8]"), 4), "want 2"},
		"an offset into the sky":  {file(one(`"F32"`, "[1]", "[9223372036854775803,9223372036854775807]"), 4), "overlap"},
		"an offset after the end": {file(one(`"F32"`, "[2]", "[0,8]"), 4), "cut short"},
		"a gap at the start":      {file(one(`"F32"`, "[1]", "[4,8]"), 8), "gap"},
		"bytes after the last":    {file(two, 23), "after the last"},
		"a file cut short":        {file(two, 21), "cut short"},
		"no shape":                {file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "want dtype"},
		"a shape twice": {
			file(`{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 4), "each once",
		},
		"overlapping tensors": {file(strings.Replace(two, "[16,22]", "[8,14]", 1), 22), "overlap"},
		"the same bytes twice": {
			file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},`+
				`"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
			"overlap",
		},
		"a gap between":             {file(strings.Replace(two, "[16,22]", "[18,24]", 1), 24), "gap"},
		"too many tensors":          {file(manyTensors(maxTensors+1), 0), "more than 50000"},
		"an object that never ends": {file(two[:len(two)-1], 22), "EOF"},
	} {
		err := parse(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

// TestErrorsAreOneShortLine: what a file calls its tensors may be long, or move a cursor.
func TestErrorsAreOneShortLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 1<<16)
	for name, header := range map[string]string{
		"a tensor":        `{"` + long + `":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
		"a tensor's end":  `{"` + long + `":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}`,
		"a tensor twice":  `{"` + long + `":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"` + long + `":{}}`,
		"a tensor's part": `{"` + long + `":{"a":1}}`,
		"a field":         `{"a":{"` + long + `":1}}`,
		"a type":          `{"a":{"dtype":"` + long + `"}}`,
		"a dimension":     `{"a":{"shape":[` + strings.Repeat("9", 1<<16) + `]}}`,
		"dimensions":      `{"a":{"dtype":"F32","data_offsets":[0,0],"shape":[1` + strings.Repeat(",1", 1<<16) + `]}}`,
		"metadata":        `{"__metadata__":{"` + long + `":1}}`,
		"no object":       `{"a":"` + long + `"}`,
		"control":         `{"\n\u001b[2J":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
	} {
		err := parse(file(header, 8))
		if err == nil || len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: got %.600v, want a short line", name, err)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(file(two, 22))
	f.Add(file(`{"__metadata__":{"a":"b"}}   `, 0))
	f.Add(file(`{"a":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}}`, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		covered := make([]bool, len(b))
		for name, x := range h.tensors {
			if n, ok := byteLength(x.DType, x.Shape); !ok || n != x.Length {
				t.Errorf("%q: %+v", name, x)
			}
			for i := x.Offset; i < x.Offset+x.Length; i++ {
				if covered[i] {
					t.Fatalf("%q: byte %d belongs to two tensors", name, i)
				}
				covered[i] = true
			}
		}
	})
}

package tensor

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func TestNPY(t *testing.T) {
	t.Parallel()
	t.Run("what was written is read again", func(t *testing.T) {
		t.Parallel()
		for _, want := range []Tensor{
			{Shape: []int{1, 2, 3}, Data: []float32{0, -1, 2.5, 1e-30, 3e30, 7}}, {Shape: []int{1}, Data: []float32{5}},
			{Data: []float32{5}},
		} {
			var b bytes.Buffer
			if err := WriteNPY(&b, want); err != nil {
				t.Fatal(err)
			}
			if header := b.Len() - 4*len(want.Data); header%64 != 0 {
				t.Errorf("header and magic take %d bytes, want a multiple of 64", header)
			}
			got, err := ReadNPY(&b)
			if err != nil || !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Data, want.Data) {
				t.Errorf("got %v and %v, want %v", got, err, want)
			}
		}
	})
	// python -c "import numpy, sys; numpy.save(sys.stdout.buffer, numpy.array([[1, -2.5, 65504]], numpy.float16))" | xxd
	// -p
	t.Run("numpy's own half precision is read", func(t *testing.T) {
		t.Parallel()
		header := "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 3), }"
		file := "\x93NUMPY\x01\x00\x76\x00" + header + strings.Repeat(" ", 117-len(header)) + "\n" + unhex(t, "003c00c1ff7b")
		got, err := ReadNPY(strings.NewReader(file))
		if err != nil || !slices.Equal(got.Data, []float32{1, -2.5, 65504}) {
			t.Errorf("got %v and %v", got, err)
		}
	})
	t.Run("what is no such file is refused", func(t *testing.T) {
		t.Parallel()
		var whole bytes.Buffer
		if err := WriteNPY(&whole, New(2, 3)); err != nil {
			t.Fatal(err)
		}
		good := whole.String()
		for name, file := range map[string]string{
			"empty":           "",
			"a picture":       "\x89PNG\r\n\x1a\n",
			"cut off":         good[:len(good)-3],
			"only a header":   good[:40],
			"integers":        strings.Replace(good, "<f4", "<i4", 1),
			"Fortran's order": strings.Replace(good, "False", "True ", 1),
			"a huge shape":    strings.Replace(good, "(2, 3, )", "(9999999999999, 9)", 1),
			"an empty shape":  strings.Replace(good, "(2, 3, )", "(0, 3, )", 1),
		} {
			if got, err := ReadNPY(strings.NewReader(file)); err == nil {
				t.Errorf("%s: got %v, want an error", name, got)
			}
		}
	})
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func FuzzReadNPY(f *testing.F) {
	var b bytes.Buffer
	if err := WriteNPY(&b, New(2, 3)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := ReadNPY(bytes.NewReader(data)); err == nil && got.Check() != nil {
			t.Errorf("got %v without an error: %v", got.Shape, got.Check())
		}
	})
}

package encode

import (
	"bytes"
	"compress/zlib"
	"testing"
)

// Very many texts that unpack to much each cost no more than one image may unpack in all.
func TestTextsUnpackLittle(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(bytes.Repeat([]byte{0xff}, maxText)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, head := range map[string]string{
		"zTXt": "parameters\x00\x00", "iTXt": "parameters\x00\x01\x00\x00\x00", // invalid UTF-8, so the next one is tried
	} {
		r, m := textReader{left: maxUnpacked}, metadata{}
		for range 1000 {
			r.read(&m, name, append([]byte(head), b.Bytes()...))
		}
		if r.left < 0 || name == "zTXt" && r.left != maxUnpacked-maxText {
			t.Errorf("%s: %d bytes left to unpack, want the first text alone, or none left", name, r.left)
		}
	}
}

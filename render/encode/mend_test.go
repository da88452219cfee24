package encode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"darkroom/render/encode"
)

// TestFilesThatViewersShow reads files that are not as they should be, though all their pixels are there.
func TestFilesThatViewersShow(t *testing.T) {
	t.Parallel()
	whole := readFile(t, "text.png")
	jpg, progressive := readFile(t, "comment.jpg"), readFile(t, "progressive.jpg")
	const afterHeader = 8 + 25
	damaged := binary.BigEndian.AppendUint32(nil, 4)
	damaged = append(damaged, "tIMEabcd\x00\x00\x00\x00"...) // with a wrong checksum
	for name, file := range map[string][]byte{
		"a PNG without its end":                    whole[:len(whole)-12],
		"a PNG cut in its end":                     whole[:len(whole)-5],
		"a PNG with a damaged chunk":               slices.Insert(slices.Clone(whole), afterHeader, damaged...),
		"a PNG with something behind it":           append(slices.Clip(whole), "trailing"...),
		"a JPEG without its end":                   jpg[:len(jpg)-2],
		"a JPEG cut in its end":                    jpg[:len(jpg)-1],
		"a progressive JPEG without its end":       progressive[:len(progressive)-2],
		"a JPEG with another behind it (iPhone's)": append(slices.Clip(jpg), jpg...),
	} {
		img, _, err := encode.Decode(t.Context(), file, 24*16)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !closeTo(img, 2, 2, blue) || !closeTo(img, 21, 13, white) {
			t.Errorf("%s: got %v and %v in the corners, want blue and white", name, img.At(2, 2), img.At(21, 13))
		}
	}
	wrong := append([]byte{}, whole...)
	wrong[bytes.Index(whole, []byte("IDAT"))+20]++
	if _, _, err := encode.Decode(t.Context(), wrong, 24*16); !errors.Is(err, encode.ErrDamaged) {
		t.Errorf("a PNG with damaged pixels: got error %v, want %v", err, encode.ErrDamaged)
	}
}

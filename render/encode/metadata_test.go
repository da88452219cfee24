package encode_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"testing"

	"darkroom/render/encode"
)

// orientedExif is an EXIF block whose orientation has such a type.
func orientedExif(order binary.AppendByteOrder, kind uint16, value uint32) []byte {
	block := []byte("II\x2a\x00")
	if order == binary.BigEndian {
		block = []byte("MM\x00\x2a")
	}
	block = order.AppendUint32(block, 8)
	block = order.AppendUint16(order.AppendUint16(block, 1), 0x112)
	block = order.AppendUint32(order.AppendUint16(block, kind), 1)
	switch kind {
	case 3, 8:
		block = order.AppendUint16(order.AppendUint16(block, uint16(value)), 0)
	case 4, 9:
		block = order.AppendUint32(block, value)
	default:
		block = append(block, byte(value), 0, 0, 0)
	}
	return order.AppendUint32(block, 0)
}

// jpegWith puts a segment at the start of a JPEG without any EXIF.
func jpegWith(t *testing.T, content []byte) []byte {
	t.Helper()
	file := readFile(t, "oriented-1.jpg")
	at := bytes.Index(file, []byte("\xff\xe1"))
	after := at + 2 + int(binary.BigEndian.Uint16(file[at+2:]))
	out := append(bytes.Clone(file[:2]), 0xff, 0xe1)
	out = append(binary.BigEndian.AppendUint16(out, uint16(len(content)+2)), content...)
	return append(append(out, file[2:at]...), file[after:]...)
}

func pngWith(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	return withChunks(readFile(t, "plain.png"), pngChunk(name, content), 1)
}

func webpWith(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	out := append(readFile(t, "lossless.webp"), name...)
	out = append(binary.LittleEndian.AppendUint32(out, uint32(len(content))), content...)
	out = append(out, make([]byte, len(content)%2)...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func packed(t *testing.T, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each file holds the orientation 6, which swaps the sides, unless its name says otherwise. What is turned is what
// Pillow 13's exif_transpose turns.
func TestDecodeTurns(t *testing.T) {
	t.Parallel()
	big, little := binary.BigEndian, binary.LittleEndian
	exif := func(block []byte) []byte { return append([]byte("Exif\x00\x00"), block...) }
	attribute := []byte(`<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>`)
	element := []byte(`<rdf:Description><tiff:Orientation>6</tiff:Orientation></rdf:Description>`)
	xmp := func(text []byte) []byte { return append([]byte("http://ns.adobe.com/xap/1.0/\x00"), text...) }
	named := func(text []byte) []byte { return append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), text...) }
	packedXMP := append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), packed(t, element)...)
	silent := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00")
	block := orientedExif(big, 4, 6)
	raw := []byte(fmt.Sprintf("\nexif\n%8d\n%s\n", len(block), hex.EncodeToString(block)))
	for name, tt := range map[string]struct {
		file   []byte
		turned bool
	}{
		"SHORT":                       {jpegWith(t, exif(orientedExif(little, 3, 6))), true},
		"SHORT, big-endian":           {jpegWith(t, exif(orientedExif(big, 3, 6))), true},
		"LONG":                        {jpegWith(t, exif(orientedExif(little, 4, 6))), true},
		"LONG, big-endian":            {jpegWith(t, exif(orientedExif(big, 4, 6))), true},
		"SSHORT, big-endian":          {jpegWith(t, exif(orientedExif(big, 8, 6))), true},
		"SLONG, big-endian":           {jpegWith(t, exif(orientedExif(big, 9, 6))), true},
		"BYTE":                        {jpegWith(t, exif(orientedExif(big, 1, 6))), false},
		"a LONG that is too large":    {jpegWith(t, exif(orientedExif(big, 4, 6<<16))), false},
		"9":                           {jpegWith(t, exif(orientedExif(big, 3, 9))), false},
		"XMP, an attribute":           {jpegWith(t, xmp(attribute)), true},
		"XMP, an element":             {jpegWith(t, xmp(element)), true},
		"XMP of a PNG":                {pngWith(t, "iTXt", named(attribute)), true},
		"XMP of a PNG, packed":        {pngWith(t, "iTXt", packedXMP), true},
		"XMP of a WebP":               {webpWith(t, "XMP ", attribute), true},
		"EXIF of a PNG":               {pngWith(t, "eXIf", block), true},
		"EXIF of a PNG, in digits":    {pngWith(t, "tEXt", append([]byte("Raw profile type exif\x00"), raw...)), true},
		"EXIF of a WebP":              {webpWith(t, "EXIF", block), true},
		"XMP beside upright EXIF":     {jpegWithBoth(t, exif(orientedExif(big, 3, 1)), xmp(attribute)), false},
		"XMP beside EXIF without any": {jpegWithBoth(t, exif(silent), xmp(attribute)), true},
		"no orientation in XMP":       {jpegWith(t, xmp([]byte("<x:xmpmeta/>"))), false},
		"a segment after fill bytes":  {fillBeforeSegment(jpegWith(t, exif(block))), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, _, err := encode.Decode(t.Context(), tt.file, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			want := image.Pt(24, 16)
			if tt.turned {
				want = image.Pt(16, 24)
			}
			if got := img.Bounds().Size(); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// fillBeforeSegment puts a fill byte before the first segment, as ITU-T T.81, B.1.1.2 allows.
func fillBeforeSegment(jpg []byte) []byte {
	return append(append(bytes.Clone(jpg[:2]), 0xff), jpg[2:]...)
}

func jpegWithBoth(t *testing.T, first, second []byte) []byte {
	t.Helper()
	one, two := jpegWith(t, first), jpegWith(t, second)
	n := 2 + 4 + len(first)
	return append(bytes.Clone(one[:n]), two[2:]...)
}

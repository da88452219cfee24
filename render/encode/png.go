package encode

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf8"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// keyword is the name of A1111's text in a PNG.
const keyword = "parameters"

// maxText bounds a text read from an image, compressed or not, in bytes.
const maxText = 1 << 20

// addPNGText puts text after the header of a PNG: as tEXt if it is Latin-1, as iTXt (UTF-8) if not.
func addPNGText(file []byte, text string) []byte {
	const head = len(pngMagic) + 4 + 4 + 13 + 4 // magic; length, name, content and checksum of IHDR
	name, content := "tEXt", append([]byte(keyword), 0)
	if latin, ok := latin1(text); ok {
		content = append(content, latin...)
	} else {
		name, content = "iTXt", append(content, 0, 0, 0, 0) // uncompressed, no method, no language, no translated keyword
		content = append(content, text...)
	}
	out := append([]byte(nil), file[:head]...)
	out = append(out, chunk(name, content)...)
	return append(out, file[head:]...)
}

// chunk frames content: length, name, content, checksum of the last two.
func chunk(name string, content []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	out = append(append(out, name...), content...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// latin1 encodes text in ISO 8859-1, if that has every character.
func latin1(text string) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

// fromLatin1 decodes ISO 8859-1.
func fromLatin1(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(rune(c))
	}
	return out.String()
}

// readPNG finds the parameters text, the EXIF block, the XMP and the profile of a PNG. Truncated or malformed parts are
// skipped.
func readPNG(file []byte) metadata {
	var m metadata
	texts := textReader{left: maxUnpacked}
	file = file[len(pngMagic):]
	for len(file) >= 12 {
		n := int64(binary.BigEndian.Uint32(file))
		if n > int64(len(file)-12) {
			break
		}
		name, content := string(file[4:8]), file[8:8+n]
		file = file[12+n:]
		switch name {
		case "tEXt", "zTXt", "iTXt":
			texts.read(&m, name, content)
		case "eXIf":
			m.exif = content
		case "iCCP":
			m.icc = texts.unpackProfile(content)
		}
	}
	return m
}

// The names of texts in a PNG that matter here, beside keyword.
const (
	keywordXMP     = "XML:com.adobe.xmp"
	keywordRawExif = "Raw profile type exif" // as ImageMagick writes it, in hex digits
	keywordGraph   = "prompt"                // ComfyUI's graph as it was run
	keywordEdited  = "workflow"              // the same as it is edited
)

// maxUnpacked bounds what all compressed texts of one image unpack to, in bytes. Each of very many may be large.
const maxUnpacked = 4 * maxText

// textReader reads text chunks, and unpacks a bounded number of bytes.
type textReader struct{ left int }

// read reads one text chunk if it has a name that matters.
func (r *textReader) read(m *metadata, name string, content []byte) {
	key, rest, ok := bytes.Cut(content, []byte{0})
	if !ok {
		return
	}
	switch string(key) {
	case keyword:
		if m.text == "" {
			m.text = r.decode(name, rest)
		}
	case keywordGraph:
		if m.graph == "" {
			m.graph = r.decode(name, rest)
		}
	case keywordEdited:
		if m.workflow == "" {
			m.workflow = r.decode(name, rest)
		}
	case keywordXMP:
		if m.xmp == nil {
			m.xmp = []byte(r.decode(name, rest))
		}
	case keywordRawExif:
		if m.exif == nil {
			m.exif = readRawProfile(r.decode(name, rest))
		}
	}
}

// decode reads the text of a chunk after its keyword; "" if it cannot be read.
func (r *textReader) decode(name string, rest []byte) string {
	switch {
	case name == "tEXt":
		return fromLatin1(rest[:min(len(rest), maxText)])
	case name == "zTXt" && len(rest) > 0:
		return fromLatin1(r.unpack(rest[1:])) // one byte of method
	case name == "iTXt" && len(rest) >= 2:
		return r.decodeInternational(rest[0] != 0, rest[2:])
	}
	return ""
}

// decodeInternational reads an iTXt chunk after its flag and method: language, translated keyword, text in UTF-8.
func (r *textReader) decodeInternational(packed bool, rest []byte) string {
	_, rest, found := bytes.Cut(rest, []byte{0})
	_, rest, ok := bytes.Cut(rest, []byte{0})
	if !found || !ok {
		return ""
	}
	if packed {
		rest = r.unpack(rest)
	}
	rest = rest[:min(len(rest), maxText)]
	if !utf8.Valid(rest) {
		return ""
	}
	return string(rest)
}

// unpackProfile inflates a colour profile, which stands after its name and a byte of method.
func (r *textReader) unpackProfile(content []byte) []byte {
	_, packed, ok := bytes.Cut(content, []byte{0})
	if !ok || len(packed) == 0 {
		return nil
	}
	return r.unpack(packed[1:])
}

// unpack inflates at most maxText bytes, and at most what is left for this image. It returns nil for damaged data.
func (r *textReader) unpack(packed []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	defer z.Close()
	plain, err := io.ReadAll(io.LimitReader(z, int64(min(r.left, maxText))))
	r.left -= len(plain)
	if err != nil {
		return nil
	}
	return plain
}

// readRawProfile reads the hex digits of ImageMagick's text: a line with the profile's name, one with its length, then
// the digits.
func readRawProfile(text string) []byte {
	lines := strings.SplitN(strings.TrimLeft(text, "\n"), "\n", 3)
	if len(lines) < 3 {
		return nil
	}
	block, err := hex.DecodeString(strings.Join(strings.Fields(lines[2]), ""))
	if err != nil {
		return nil
	}
	return block
}

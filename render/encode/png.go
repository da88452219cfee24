package encode

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
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

// readPNG finds the parameters text and the EXIF block of a PNG. Truncated or malformed parts are skipped.
func readPNG(file []byte) (text string, exif []byte) {
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
			if t, ok := readPNGText(name, content); ok && text == "" {
				text = t
			}
		case "eXIf":
			exif = content
		}
	}
	return text, exif
}

// readPNGText reads one text chunk if it has the keyword.
func readPNGText(name string, content []byte) (string, bool) {
	key, rest, ok := bytes.Cut(content, []byte{0})
	if !ok || string(key) != keyword {
		return "", false
	}
	switch {
	case name == "tEXt":
		return fromLatin1(rest[:min(len(rest), maxText)]), true
	case name == "zTXt" && len(rest) > 0:
		plain, ok := unpack(rest[1:]) // one byte of method
		return fromLatin1(plain), ok
	case name == "iTXt" && len(rest) >= 2:
		return readInternational(rest[0] != 0, rest[2:])
	}
	return "", false
}

// readInternational reads an iTXt chunk after its flag and method: language, translated keyword, text in UTF-8.
func readInternational(packed bool, rest []byte) (string, bool) {
	_, rest, found := bytes.Cut(rest, []byte{0})
	_, rest, ok := bytes.Cut(rest, []byte{0})
	if !found || !ok {
		return "", false
	}
	if packed {
		if rest, ok = unpack(rest); !ok {
			return "", false
		}
	}
	rest = rest[:min(len(rest), maxText)]
	return string(rest), utf8.Valid(rest)
}

// unpack inflates at most maxText bytes.
func unpack(packed []byte) ([]byte, bool) {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, false
	}
	defer r.Close()
	plain, err := io.ReadAll(io.LimitReader(r, maxText))
	return plain, err == nil
}

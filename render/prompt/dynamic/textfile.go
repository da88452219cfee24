package dynamic

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// errNotText means that a file is in no encoding that is read.
var errNotText = errors.New("neither UTF-8, UTF-16 nor Latin-1 text")

// decodeText decodes a text file: UTF-8 or UTF-16, with a byte order mark or without, else Windows-1252, which is what
// people call Latin-1. Of a file that was cut at its limit, the last line may be half and is left out. A text that would
// bring a NUL or U+FFFD into a prompt is refused.
func decodeText(data []byte, cut bool) (string, error) {
	text := string(data)
	if e := encodingOf(data, cut); e != nil {
		decoded, err := e.NewDecoder().Bytes(data[:len(data)/2*2+len(data)%2*odd(e)])
		if err != nil {
			return "", err
		}
		text = string(decoded)
	}
	if end := strings.LastIndexAny(text, "\r\n"); cut && end >= 0 {
		text = text[:end]
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.ContainsAny(text, "\x00\ufffd") || !utf8.ValidString(text) {
		return "", errNotText
	}
	return text, nil
}

// odd is 1 for an encoding of single bytes: two bytes of UTF-16 may be cut apart.
func odd(e encoding.Encoding) int {
	if e == charmap.Windows1252 {
		return 1
	}
	return 0
}

// encodingOf guesses the encoding of a text; nil is UTF-8. UTF-16 without a mark is told by its zero bytes: those of
// Latin letters, blanks and line ends.
func encodingOf(data []byte, cut bool) encoding.Encoding {
	utf16 := func(e unicode.Endianness) encoding.Encoding { return unicode.UTF16(e, unicode.UseBOM) }
	var zeros [2]int
	for i, b := range data {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return utf16(unicode.LittleEndian) // the mark says which
	case len(data)%2 != 0 && !cut, zeros[0] > 0 && zeros[1] > 0: // no UTF-16
	case zeros[1] > 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case zeros[0] > 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	if validUTF8(data, cut) {
		return nil
	}
	return charmap.Windows1252
}

// validUTF8 tells whether a text is UTF-8, which may end within a character if it was cut.
func validUTF8(data []byte, cut bool) bool {
	for n := 0; n < utf8.UTFMax && n <= len(data); n++ {
		if utf8.Valid(data[:len(data)-n]) {
			return true
		}
		if !cut {
			break
		}
	}
	return false
}

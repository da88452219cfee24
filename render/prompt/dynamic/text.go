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

// ErrNoText means that a file is no text in an encoding that is known.
var ErrNoText = errors.New("not a text file in UTF-8, UTF-16 or Windows-1252 (Latin-1)")

// decodeText reads the bytes of a text file: UTF-8 or UTF-16, with a byte order mark or without, else Windows-1252, the
// superset of Latin-1 that old Windows editors write. The result is valid UTF-8 without NUL.
func decodeText(data []byte) (string, error) {
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	if from := encodingOf(data); from != nil {
		decoded, err := from.NewDecoder().Bytes(data)
		if err != nil {
			return "", ErrNoText
		}
		text = string(decoded)
	}
	if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\ufffd") {
		return "", ErrNoText
	}
	return text, nil
}

// encodingOf guesses the encoding of a text; nil for UTF-8. Text in UTF-16 without a mark is told by its line ends and
// blanks: in most languages every other byte of these is zero, and no text in another encoding has a zero.
func encodingOf(data []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case bytes.IndexByte(data, 0) < 0 && utf8.Valid(data):
		return nil
	case bytes.IndexByte(data, 0) < 0:
		return charmap.Windows1252
	case bytes.IndexByte(data, 0)%2 == 1:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
}

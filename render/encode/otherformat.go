package encode

import (
	"bytes"
	"strings"

	"darkroom/render/phrase"
)

// OtherFormatError is an ErrNotImage for a file of a format that is known, and not read.
type OtherFormatError struct {
	Format phrase.Phrase // such as "a HEIC photo", to follow "it is"
}

func (e *OtherFormatError) Error() string {
	return ErrNotImage.Error() + ": it is " + e.Format.String()
}

// Is tells that it is an ErrNotImage.
func (*OtherFormatError) Is(target error) bool { return target == ErrNotImage }

// notImage is the error for a file of no format that is read.
func notImage(data []byte) error {
	if name := otherFormat(data[:min(len(data), 512)]); !name.IsZero() {
		return &OtherFormatError{Format: name}
	}
	return ErrNotImage
}

// otherFormat names the formats that people take for images, by their first bytes.
func otherFormat(head []byte) phrase.Phrase {
	if len(head) == 0 {
		return phrase.Of("an empty file")
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return brandName(string(head[8:12]))
	}
	text := strings.ToLower(string(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")))
	for _, known := range []struct {
		magic string
		name  phrase.Phrase
	}{
		{"BM", phrase.Of("a BMP image")},
		{"II*\x00", phrase.Of("a TIFF image or a camera's raw file")},
		{"MM\x00*", phrase.Of("a TIFF image or a camera's raw file")},
		{"8BPS", phrase.Of("a Photoshop file")},
		{"%PDF", phrase.Of("a PDF")},
		{"\x00\x00\x01\x00", phrase.Of("an icon (ICO)")},
		{"\x1aE\xdf\xa3", phrase.Of("a video")},
		{"PK\x03\x04", phrase.Of("a ZIP archive")},
		{"\xff\x0a", phrase.Of("a JPEG XL image")},
		{"\x00\x00\x00\x0cJXL ", phrase.Of("a JPEG XL image")},
		{"\x00\x00\x00\x0cjP  ", phrase.Of("a JPEG 2000 image")},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.name
		}
	}
	switch {
	case strings.HasPrefix(text, "<svg"), strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg"):
		return phrase.Of("an SVG drawing")
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return phrase.Of("a web page")
	}
	return phrase.Phrase{}
}

// brandName names an ISO media file by its main brand (ISO/IEC 14496-12; 23008-12 for HEIF).
func brandName(brand string) phrase.Phrase {
	switch brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return phrase.Of("a HEIC photo, as iPhones take them")
	case "avif", "avis":
		return phrase.Of("an AVIF image")
	}
	return phrase.Of("a video")
}

package encode

import (
	"bytes"
	"strings"
)

// OtherFormatError is an ErrNotImage for a file of a format that is known, and not read.
type OtherFormatError struct {
	Format string // such as "a HEIC photo", to follow "it is"
}

func (e *OtherFormatError) Error() string { return ErrNotImage.Error() + ": it is " + e.Format }

// Is tells that it is an ErrNotImage.
func (*OtherFormatError) Is(target error) bool { return target == ErrNotImage }

// notImage is the error for a file of no format that is read.
func notImage(data []byte) error {
	if name := otherFormat(data[:min(len(data), 512)]); name != "" {
		return &OtherFormatError{Format: name}
	}
	return ErrNotImage
}

// otherFormat names the formats that people take for images, by their first bytes.
func otherFormat(head []byte) string {
	if len(head) == 0 {
		return "an empty file"
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return brandName(string(head[8:12]))
	}
	text := strings.ToLower(string(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")))
	for _, known := range []struct{ magic, name string }{
		{"BM", "a BMP image"}, {"II*\x00", "a TIFF image or a camera's raw file"},
		{"MM\x00*", "a TIFF image or a camera's raw file"}, {"8BPS", "a Photoshop file"}, {"%PDF", "a PDF"},
		{"\x00\x00\x01\x00", "an icon (ICO)"}, {"\x1aE\xdf\xa3", "a video"}, {"PK\x03\x04", "a ZIP archive"},
		{"\xff\x0a", "a JPEG XL image"}, {"\x00\x00\x00\x0cJXL ", "a JPEG XL image"},
		{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.name
		}
	}
	switch {
	case strings.HasPrefix(text, "<svg"), strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg"):
		return "an SVG drawing"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "a web page"
	}
	return ""
}

// brandName names an ISO media file by its main brand (ISO/IEC 14496-12; 23008-12 for HEIF).
func brandName(brand string) string {
	switch brand {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1":
		return "a HEIC photo, as iPhones take them"
	case "avif", "avis":
		return "an AVIF image"
	}
	return "a video"
}

package encode_test

import (
	"errors"
	"strings"
	"testing"

	"darkroom/render/encode"
)

func TestOtherFormatsAreNamed(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic": "a HEIC photo",
		"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00":         "an AVIF image",
		"\x00\x00\x00\x18ftypmp42":                         "a video",
		"\x1aE\xdf\xa3webm":                                "a video",
		"BM\x36\x00":                                       "a BMP image",
		"II*\x00\x08":                                      "a TIFF image",
		"8BPS\x00\x01":                                     "a Photoshop file",
		"%PDF-1.7":                                         "a PDF",
		"PK\x03\x04":                                       "a ZIP archive",
		"\xff\x0a\x00":                                     "a JPEG XL image",
		"\xef\xbb\xbf\n<svg xmlns='x'/>":                   "an SVG drawing",
		"<?xml version='1.0'?>\n<svg/>":                    "an SVG drawing",
		"<!DOCTYPE html><html>":                            "a web page",
		"":                                                 "an empty file",
	} {
		_, _, err := encode.Decode(t.Context(), []byte(head), 100)
		var other *encode.OtherFormatError
		if !errors.As(err, &other) || !errors.Is(err, encode.ErrNotImage) || !strings.HasPrefix(other.Format.String(), want) {
			t.Errorf("%q: got error %v, want %s", head, err, want)
		}
	}
	var other *encode.OtherFormatError
	_, _, err := encode.Decode(t.Context(), []byte("a red boat"), 100)
	if !errors.Is(err, encode.ErrNotImage) || errors.As(err, &other) {
		t.Errorf("a text: got error %v, want %v", err, encode.ErrNotImage)
	}
}

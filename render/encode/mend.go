package encode

import (
	"bytes"
	"slices"
)

// mend returns a file without what decoders refuse and viewers pass over: a damaged chunk of a PNG that holds no
// pixels, and the missing end of a file whose pixels are all there. Of an animated WebP it returns the first frame as a
// file.
func mend(file []byte, format string) ([]byte, webpFrame) {
	switch format {
	case "png":
		return mendPNG(file), webpFrame{}
	case "jpeg":
		return mendJPEG(file), webpFrame{}
	case "webp":
		return firstFrame(file)
	}
	return file, webpFrame{}
}

// mendPNG keeps the chunks that a decoder needs, up to the end, and adds an end where it is missing.
func mendPNG(file []byte) []byte {
	out := append(make([]byte, 0, len(file)+12), pngMagic...)
	rest := file[len(pngMagic):]
	for len(rest) >= 12 {
		size := pngChunkLength(rest)
		if size > int64(len(rest)) {
			return append(out, rest...) // cut off in this chunk
		}
		switch string(rest[4:8]) {
		case "IEND":
			return append(out, rest[:size]...)
		case "IHDR", "PLTE", "tRNS", "IDAT":
			out = append(out, rest[:size]...)
		}
		rest = rest[size:]
	}
	return append(out, chunk("IEND", nil)...)
}

var jpegEnd = []byte{0xff, 0xd9}

// mendJPEG adds an end to a JPEG. The decoder reads up to the first.
func mendJPEG(file []byte) []byte {
	if bytes.HasSuffix(file, jpegEnd) {
		return file
	}
	return append(slices.Clip(file), jpegEnd...)
}

package encode

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"unicode/utf8"
)

// metadata is what an image file holds beside its pixels, as far as it matters here.
type metadata struct {
	text string // the parameters text of a PNG, the comment of a JPEG
	exif []byte
	xmp  []byte
	icc  []byte // the colour profile

	graph, workflow string // what ComfyUI writes into a PNG
}

func readMetadata(file []byte, format string) metadata {
	switch format {
	case "png":
		return readPNG(file)
	case "jpeg":
		return readJPEG(file)
	case "webp":
		return readWebP(file)
	}
	return metadata{}
}

// xmpOrientation finds the orientation in XMP, written as an attribute or as an element. The pattern is Pillow's, which
// reads no XML either.
var xmpOrientation = regexp.MustCompile(`tiff:Orientation(?:="|>)([1-8])`)

// orientation returns how an image is turned, from 1 to 8; 1 is upright. EXIF overrides XMP.
func (m metadata) orientation() int {
	if o := readExif(m.exif).orientation; o > 0 {
		return o
	}
	if found := xmpOrientation.FindSubmatch(m.xmp[:min(len(m.xmp), maxText)]); found != nil {
		return int(found[1][0] - '0')
	}
	return 1
}

// The beginnings of the segments of a JPEG that hold EXIF, XMP and a colour profile.
const (
	exifPrefix = "Exif\x00\x00"
	xmpPrefix  = "http://ns.adobe.com/xap/1.0/\x00"
	iccPrefix  = "ICC_PROFILE\x00"
)

// readJPEG finds the comment, the EXIF block, the XMP and the profile of a JPEG. Truncated or malformed parts are
// skipped.
func readJPEG(file []byte) metadata {
	var m metadata
	for file = file[2:]; ; {
		marker, content, rest, ok := nextSegment(file)
		if !ok || marker == 0xda { // the scan begins: no more of them
			return m
		}
		switch {
		case marker == 0xfe && utf8.Valid(content):
			m.text = string(content)
		case marker == 0xe1 && bytes.HasPrefix(content, []byte(exifPrefix)) && m.exif == nil:
			m.exif = content
		case marker == 0xe1 && bytes.HasPrefix(content, []byte(xmpPrefix)) && m.xmp == nil:
			m.xmp = content[len(xmpPrefix):]
		case marker == 0xe2 && bytes.HasPrefix(content, []byte(iccPrefix)):
			m.addProfilePart(content[len(iccPrefix):])
		}
		file = rest
	}
}

// addProfilePart adds a part of the colour profile of a JPEG, which begins with its number and the number of all.
// Everybody writes them in order (ICC.1:2022, B.4); otherwise there is no profile.
func (m *metadata) addProfilePart(part []byte) {
	if len(part) > 2 && len(m.icc)+len(part) <= maxText {
		m.icc = append(m.icc, part[2:]...)
	}
}

// readWebP finds the EXIF block, the XMP and the profile of a WebP.
func readWebP(file []byte) metadata {
	var m metadata
	file = file[12:] // RIFF, size, WEBP
	for len(file) >= 8 {
		n := int64(binary.LittleEndian.Uint32(file[4:]))
		if n > int64(len(file)-8) {
			break
		}
		switch content := file[8 : 8+n]; {
		case string(file[:4]) == "EXIF" && m.exif == nil:
			m.exif = content
		case string(file[:4]) == "XMP " && m.xmp == nil:
			m.xmp = content
		case string(file[:4]) == "ICCP" && m.icc == nil:
			m.icc = content
		}
		file = file[min(riffChunkLength(file), int64(len(file))):]
	}
	return m
}

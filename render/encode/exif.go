package encode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Tags and types of EXIF (a TIFF file inside another file) that matter here.
const (
	tagOrientation = 0x0112
	tagExif        = 0x8769 // where the EXIF directory is
	tagUserComment = 0x9286

	typeShort     = 3
	typeLong      = 4
	typeUndefined = 7
	typeSShort    = 8
	typeSLong     = 9
)

const unicodePrefix = "UNICODE\x00"

// userComment returns an EXIF block, big-endian, whose only content is text as the user comment in UTF-16, as piexif
// (which A1111 uses) writes it.
func userComment(text string) []byte {
	const (
		directory = 8            // of the first directory, after the TIFF header
		exif      = 8 + 18       // each directory of one entry: count, entry, no next one
		content   = exif + 18    // the comment itself
		big       = "MM\x00\x2a" // byte order and TIFF's 42
	)
	comment := []byte(unicodePrefix)
	for _, unit := range utf16.Encode([]rune(text)) {
		comment = binary.BigEndian.AppendUint16(comment, unit)
	}
	out := binary.BigEndian.AppendUint32([]byte(big), directory)
	out = appendEntry(out, tagExif, typeLong, 1, exif)
	out = appendEntry(out, tagUserComment, typeUndefined, uint32(len(comment)), content)
	return append(out, comment...)
}

// appendEntry appends a directory of one entry.
func appendEntry(out []byte, tag, kind uint16, count, value uint32) []byte {
	out = binary.BigEndian.AppendUint16(out, 1)
	out = binary.BigEndian.AppendUint16(out, tag)
	out = binary.BigEndian.AppendUint16(out, kind)
	out = binary.BigEndian.AppendUint32(out, count)
	out = binary.BigEndian.AppendUint32(out, value)
	return binary.BigEndian.AppendUint32(out, 0) // no next directory
}

// exifBlock is what was read of an EXIF block.
type exifBlock struct {
	orientation int // 1 to 8; 1 is upright. 0 where the block does not say
	comment     string
}

// readExif reads an EXIF block. Malformed parts are skipped.
func readExif(block []byte) exifBlock {
	var out exifBlock
	block = bytes.TrimPrefix(block, []byte(exifPrefix))
	var order binary.ByteOrder = binary.LittleEndian
	if len(block) < 8 {
		return out
	}
	switch string(block[:4]) {
	case "II\x2a\x00":
	case "MM\x00\x2a":
		order = binary.BigEndian
	default:
		return out
	}
	first := entries(block, order, order.Uint32(block[4:]))
	if e, ok := first[tagOrientation]; ok {
		out.orientation = readOrientation(e, order)
	}
	if e, ok := first[tagExif]; ok {
		if e, ok = entries(block, order, order.Uint32(e[8:]))[tagUserComment]; ok {
			out.comment = readComment(block, order, e)
		}
	}
	return out
}

// readOrientation reads the value of an entry in each type of whole numbers, as Pillow does. What makes no sense counts
// as upright.
func readOrientation(entry []byte, order binary.ByteOrder) int {
	value := uint32(0)
	switch order.Uint16(entry[2:]) {
	case typeShort, typeSShort:
		value = uint32(order.Uint16(entry[8:]))
	case typeLong, typeSLong:
		value = order.Uint32(entry[8:])
	}
	if value < 1 || value > 8 {
		return 1
	}
	return int(value)
}

// entries returns the 12-byte entries of the directory at offset by their tag.
func entries(block []byte, order binary.ByteOrder, offset uint32) map[uint16][]byte {
	out := map[uint16][]byte{}
	if int64(offset)+2 > int64(len(block)) {
		return out
	}
	rest := block[offset:]
	n := int(order.Uint16(rest))
	rest = rest[2:]
	for ; n > 0 && len(rest) >= 12; n-- {
		out[order.Uint16(rest)] = rest[:12]
		rest = rest[12:]
	}
	return out
}

// readComment reads the user comment of an entry: eight bytes name its character set.
func readComment(block []byte, order binary.ByteOrder, entry []byte) string {
	size, offset := int64(order.Uint32(entry[4:])), int64(order.Uint32(entry[8:]))
	if size < 8 || size > maxText || offset+size > int64(len(block)) {
		return ""
	}
	set, content := string(block[offset:offset+8]), block[offset+8:offset+size]
	if set == unicodePrefix {
		return readUTF16(content, order)
	}
	if utf8.Valid(content) {
		return strings.Trim(string(content), "\x00")
	}
	return fromLatin1(content)
}

// readUTF16 reads UTF-16 with a byte order mark or without. In a big-endian block it is big-endian; in a little-endian
// one writers disagree, so it takes the order with more zero high bytes, since prompts are mostly Latin.
func readUTF16(content []byte, order binary.ByteOrder) string {
	switch {
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case order == binary.LittleEndian && zeros(content, 0) > zeros(content, 1):
		order = binary.BigEndian
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		units = append(units, order.Uint16(content[i:]))
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

// zeros counts the zero bytes at every second place from first on.
func zeros(content []byte, first int) int {
	n := 0
	for i := first; i < len(content); i += 2 {
		if content[i] == 0 {
			n++
		}
	}
	return n
}

// addJPEGExif puts an EXIF block at the start of a JPEG.
func addJPEGExif(file, block []byte) ([]byte, error) {
	n := 2 + len("Exif\x00\x00") + len(block)
	if n > 0xffff {
		return nil, fmt.Errorf("EXIF block of %d bytes: a JPEG holds at most 65,527", len(block))
	}
	out := append([]byte(nil), file[:2]...) // start of image
	out = append(out, 0xff, 0xe1, byte(n>>8), byte(n))
	out = append(out, "Exif\x00\x00"...)
	out = append(out, block...)
	return append(out, file[2:]...), nil
}

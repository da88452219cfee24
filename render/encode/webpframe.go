package encode

import (
	"bytes"
	"encoding/binary"
	"image"

	"golang.org/x/image/draw"
)

// webpFrame is where the first frame of an animated WebP lies on its canvas, in pixels. It is zero for a still image.
type webpFrame struct{ size, rect image.Rectangle }

// firstFrame returns the first frame of an animated WebP as a file, and anything else as it is. Source: WebP Container
// Specification, "Animation".
func firstFrame(file []byte) ([]byte, webpFrame) {
	const (
		extended      = 12 + 8 + 10 // RIFF's header, and the chunk VP8X
		animationFlag = 1 << 1
		frameHead     = 16
	)
	if len(file) < extended || string(file[12:16]) != "VP8X" || file[20]&animationFlag == 0 {
		return file, webpFrame{}
	}
	f := webpFrame{size: image.Rect(0, 0, 1+uint24(file[24:]), 1+uint24(file[27:]))}
	for rest := file[extended:]; len(rest) >= 8; rest = rest[min(riffChunkLength(rest), int64(len(rest))):] {
		n := int64(binary.LittleEndian.Uint32(rest[4:]))
		if string(rest[:4]) != "ANMF" {
			continue
		}
		if n > int64(len(rest)-8) || n < frameHead {
			break
		}
		head := rest[8:]
		x, y := 2*uint24(head), 2*uint24(head[3:])
		f.rect = image.Rect(x, y, x+1+uint24(head[6:]), y+1+uint24(head[9:]))
		return f.file(rest[8+frameHead : 8+n]), f
	}
	return nil, f
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// file makes a file of the frame's chunks.
func (f webpFrame) file(chunks []byte) []byte {
	if bytes.HasPrefix(chunks, []byte("ALPH")) { // transparency needs the extended header
		const alphaFlag = 1 << 4
		head := []byte{'V', 'P', '8', 'X', 10, 0, 0, 0, alphaFlag, 0, 0, 0}
		for _, side := range []int{f.rect.Dx() - 1, f.rect.Dy() - 1} {
			head = append(head, byte(side), byte(side>>8), byte(side>>16))
		}
		chunks = append(head, chunks...)
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(chunks)))
	return append(append(out, "WEBP"...), chunks...)
}

// canvas returns the size of the whole image, given that of the frame in its file. ok is false where the two do not
// fit each other.
func (f webpFrame) canvas(frame image.Point) (size image.Point, ok bool) {
	if f == (webpFrame{}) {
		return frame, true
	}
	return f.size.Max, frame == f.rect.Size() && f.rect.In(f.size)
}

// place puts a frame on its canvas, which is transparent elsewhere.
func (f webpFrame) place(img image.Image) image.Image {
	if f == (webpFrame{}) || f.rect == f.size {
		return img
	}
	out := image.NewNRGBA(f.size)
	draw.Draw(out, f.rect, img, img.Bounds().Min, draw.Src)
	return out
}

package encode

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
)

// Limits on the work that a file may ask for, beside its pixels. A file of few bytes can ask for hours: each scan of a
// progressive JPEG visits all blocks of the image, and may have ten bytes. What decoders do otherwise is bounded by the
// bytes and the pixels of the file.
const (
	maxScans  = 500     // of a JPEG; the limit of libjpeg-turbo's TJFLAG_LIMITSCANS
	maxBlocks = 1 << 24 // 8 x 8 blocks that all scans of a JPEG visit; libjpeg's ten scans of 16 megapixels visit 2^22
	maxChunks = 1 << 16 // chunks of a PNG or a WebP, segments of a JPEG
)

// checkWork returns ErrTooComplex for a file that would take too much work. It reads the file as the decoders do, so
// that nothing can be hidden from it.
func checkWork(data []byte, format string) error {
	switch format {
	case "png":
		return checkChunks(data[len(pngMagic):], pngChunkLength)
	case "webp":
		return checkChunks(data[12:], riffChunkLength)
	case "jpeg":
		return checkJPEG(data)
	}
	return nil // a GIF's first frame takes what its bytes and pixels take
}

// checkChunks counts chunks, whose lengths in all are given by length.
func checkChunks(rest []byte, length func(head []byte) int64) error {
	for n := 0; len(rest) >= 8; n++ {
		if n == maxChunks {
			return fmt.Errorf("%w: more than %d chunks", ErrTooComplex, maxChunks)
		}
		rest = rest[min(length(rest), int64(len(rest))):]
	}
	return nil
}

func pngChunkLength(head []byte) int64 { return 12 + int64(binary.BigEndian.Uint32(head)) }

func riffChunkLength(head []byte) int64 {
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	return 8 + n + n%2 // chunks are padded to even length
}

// jpegFrame is the size of a JPEG's components, in blocks.
type jpegFrame map[byte]int64

// checkJPEG counts the segments of a JPEG, its scans, and the blocks that they visit.
func checkJPEG(file []byte) error {
	var frame jpegFrame
	segments, scans, blocks := 0, 0, int64(0)
	for rest := file[2:]; ; {
		marker, content, left, ok := nextSegment(rest)
		if !ok {
			return nil
		}
		rest, segments = left, segments+1
		switch {
		case marker >= 0xc0 && marker <= 0xc2 && frame == nil:
			frame = readFrame(content)
		case marker == 0xda:
			scans++
			blocks += frame.visited(content)
		}
		switch {
		case segments > maxChunks:
			return fmt.Errorf("%w: more than %d segments", ErrTooComplex, maxChunks)
		case scans > maxScans:
			return fmt.Errorf("%w: more than %d scans", ErrTooComplex, maxScans)
		case blocks > maxBlocks:
			return fmt.Errorf("%w: its scans visit more than %d blocks", ErrTooComplex, maxBlocks)
		}
	}
}

// nextSegment finds the next segment of a JPEG. What stands between segments is skipped: the bits of a scan, in which
// ff is always followed by 00, and restart markers. ok is false at the end, or where a segment is cut off.
func nextSegment(file []byte) (marker byte, content, rest []byte, ok bool) {
	for i := 0; i+1 < len(file); i++ {
		if file[i] != 0xff {
			continue
		}
		switch marker = file[i+1]; {
		case marker == 0xff: // fill
		case marker == 0, marker >= 0xd0 && marker <= 0xd7:
			i++
		case marker == 0xd9: // end of image
			return 0, nil, nil, false
		default:
			file = file[i+2:]
			if len(file) < 2 {
				return 0, nil, nil, false
			}
			n := int(binary.BigEndian.Uint16(file))
			if n < 2 || n > len(file) {
				return 0, nil, nil, false
			}
			return marker, file[2:n], file[n:], true
		}
	}
	return 0, nil, nil, false
}

// readFrame reads a frame header (ITU-T T.81, B.2.2): how many blocks each component has. A malformed one is left to
// the decoder, which refuses it before any scan.
func readFrame(head []byte) jpegFrame {
	if len(head) < 6 || len(head) < 6+3*int(head[5]) {
		return nil
	}
	height, width := int64(binary.BigEndian.Uint16(head[1:])), int64(binary.BigEndian.Uint16(head[3:]))
	components := head[6 : 6+3*int(head[5])]
	sampling := func(i int) (h, v int64) { return int64(components[i+1] >> 4), int64(components[i+1] & 15) }
	frame := jpegFrame{}
	for i := 0; i < len(components); i += 3 {
		h0, v0 := sampling(0)
		h, v := sampling(i)
		if len(components) == 3 { // a lone component is not interleaved with any (A.2.2)
			h0, v0, h, v = 1, 1, 1, 1
		}
		if h0 == 0 || v0 == 0 {
			return nil
		}
		frame[components[i]] = (width + 8*h0 - 1) / (8 * h0) * h * ((height + 8*v0 - 1) / (8 * v0)) * v
	}
	return frame
}

// visited is how many blocks a scan with this header (B.2.3) visits.
func (f jpegFrame) visited(head []byte) int64 {
	blocks := int64(0)
	for i := 1; i+1 < len(head) && i < 1+2*int(head[0]); i += 2 {
		blocks += f[head[i]]
	}
	return blocks
}

// pieceSize is how many bytes of a file a decoder gets at once. Between two pieces it can be stopped.
const pieceSize = 512

// pieces hands out a file in pieces. A decoder in the standard library cannot be stopped, but all its work is driven by
// what it reads.
type pieces struct {
	rest    []byte
	stopped func() error
}

func inPieces(ctx context.Context, data []byte) *pieces { return &pieces{rest: data, stopped: ctx.Err} }

// Read hands out the next piece, or returns why there is none.
func (p *pieces) Read(b []byte) (int, error) {
	if err := p.stopped(); err != nil {
		return 0, err
	}
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(len(p.rest), pieceSize)])
	p.rest = p.rest[n:]
	return n, nil
}

// stopCause returns why ctx is done, or else err.
func stopCause(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("read image: %w", cause)
	}
	return err
}

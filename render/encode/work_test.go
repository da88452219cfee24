package encode_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"darkroom/render/encode"
)

// progressive is a grey progressive JPEG whose every scan after the first one visits all blocks and adds nothing.
func progressive(side, scans int) []byte {
	out := []byte{0xff, 0xd8}
	segment := func(marker byte, content ...byte) {
		out = append(out, 0xff, marker, byte((len(content)+2)>>8), byte(len(content)+2))
		out = append(out, content...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	segment(0xc2, 8, byte(side>>8), byte(side), byte(side>>8), byte(side), 1, 1, 0x11, 0)
	oneCode := append([]byte{1}, make([]byte, 15)...)
	segment(0xc4, append(append([]byte{0x00}, oneCode...), 0)...)    // DC: the bit 0 is "no difference"
	segment(0xc4, append(append([]byte{0x10}, oneCode...), 0xe0)...) // AC: the bit 0 is a run of empty blocks
	blocks := ((side + 7) / 8) * ((side + 7) / 8)
	segment(0xda, 1, 1, 0x00, 0, 0, 0)
	out = append(out, make([]byte, (blocks+7)/8)...)
	for range scans - 1 {
		segment(0xda, 1, 1, 0x00, 1, 63, 0)
		out = append(out, 0x7f, 0xfe, 0xff, 0x00, 0xff, 0x00) // two runs of 32,767 blocks, stuffed
	}
	return append(out, 0xff, 0xd9)
}

func pngChunk(name string, content []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	out = append(append(out, name...), content...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// withChunks puts n chunks of a PNG after its header.
func withChunks(file, chunk []byte, n int) []byte {
	const head = 8 + 25
	return append(append(bytes.Clone(file[:head]), bytes.Repeat(chunk, n)...), file[head:]...)
}

// withSegments puts n segments of a JPEG after its first marker.
func withSegments(file []byte, n int) []byte {
	return append(append(bytes.Clone(file[:2]), bytes.Repeat([]byte{0xff, 0xfe, 0, 2}, n)...), file[2:]...)
}

// withRIFFChunks puts n empty chunks of a WebP before all others.
func withRIFFChunks(file []byte, n int) []byte {
	out := append(bytes.Clone(file[:12]), bytes.Repeat([]byte("junk\x00\x00\x00\x00"), n)...)
	out = append(out, file[12:]...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// The files are cheap to send and would take minutes to read, or more.
func TestDecodeBoundsWork(t *testing.T) {
	t.Parallel()
	plain, jpg, webp := readFile(t, "plain.png"), readFile(t, "comment.jpg"), readFile(t, "lossless.webp")
	for name, data := range map[string][]byte{
		"a JPEG of 100,000 scans":         progressive(64, 100_000),
		"a large JPEG of 300 scans":       progressive(2040, 300),
		"a JPEG of a million segments":    withSegments(jpg, 1_000_000),
		"a PNG of a million empty chunks": withChunks(plain, pngChunk("teSt", nil), 1_000_000),
		"a WebP of a million chunks":      withRIFFChunks(webp, 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := decode(t.Context(), data, 1<<24); !errors.Is(err, encode.ErrTooComplex) {
				t.Errorf("got error %v, want %v", err, encode.ErrTooComplex)
			}
		})
	}
	for name, data := range map[string][]byte{
		"a JPEG of 400 scans":    progressive(64, 400),
		"a JPEG of 500 segments": withSegments(jpg, 500),
		"a PNG of 5,000 chunks":  withChunks(plain, pngChunk("teSt", nil), 5_000),
		"a WebP of 500 chunks":   withRIFFChunks(webp, 500),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := decode(t.Context(), data, 1<<24); err != nil {
				t.Errorf("got error %v, want none", err)
			}
		})
	}
}

// A GIF of many frames costs what its first one costs.
func TestDecodeReadsOneFrame(t *testing.T) {
	t.Parallel()
	frame := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{color.Black, color.White})
	all := gif.GIF{}
	for range 2_000 {
		all.Image, all.Delay = append(all.Image, frame), append(all.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &all); err != nil {
		t.Fatal(err)
	}
	polls := &countingContext{Context: t.Context(), most: 30}
	if _, err := decode(polls, b.Bytes(), 1<<24); err != nil {
		t.Errorf("got error %v after %d pieces of %d bytes, want it to read the first frame alone",
			err, polls.asked, b.Len())
	}
}

// countingContext is done once it was asked often enough.
type countingContext struct {
	context.Context
	asked, most int
}

func (c *countingContext) Err() error {
	if c.asked++; c.asked > c.most {
		return context.DeadlineExceeded
	}
	return nil
}

// Decoding stops at the next piece of the file.
func TestDecodeStops(t *testing.T) {
	t.Parallel()
	jpg := progressive(1024, 400)
	for name, data := range map[string][]byte{
		"PNG": noisePNG(t), "JPEG": jpg, "WebP": readFile(t, "lossless.webp"), "GIF": readFile(t, "animated.gif"),
	} {
		for _, most := range []int{0, 1} {
			ctx := &countingContext{Context: t.Context(), most: most}
			if _, err := decode(ctx, data, 1<<24); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, stopped after %d pieces: got error %v, want %v", name, most, err, context.DeadlineExceeded)
			}
			if _, err := encode.Clean(ctx, data, 1<<24, 0); !errors.Is(err, context.DeadlineExceeded) ||
				errors.Is(err, encode.ErrDamaged) {
				t.Errorf("%s, cleaned: got error %v, want %v alone", name, err, context.DeadlineExceeded)
			}
		}
	}
	ctx := &countingContext{Context: t.Context(), most: 1 << 30}
	if _, err := decode(ctx, jpg, 1<<24); err != nil || ctx.asked < len(jpg)/1024 {
		t.Errorf("a JPEG of %d bytes was read in %d pieces with error %v, want at least %d",
			len(jpg), ctx.asked, err, len(jpg)/1024)
	}
}

func noisePNG(t *testing.T) []byte {
	t.Helper()
	data, err := encode.PNG(scene(300, 200, 3, 40), "")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(ctx context.Context, data []byte, maxPixels int) (image.Image, error) {
	img, _, err := encode.Decode(ctx, data, maxPixels)
	return img, err
}

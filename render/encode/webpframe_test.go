package encode_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	"darkroom/render/encode"
)

// animation makes an animated WebP of two frames: the pixels of a still one, which it says to be at rect, and nothing.
func animation(width, height int, rect image.Rectangle, still []byte) []byte {
	three := func(out []byte, n int) []byte { return append(out, byte(n), byte(n>>8), byte(n>>16)) }
	chunk := func(name string, content []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(content)))
		return append(append(out, content...), make([]byte, len(content)%2)...)
	}
	pixels := still[12:]
	if at := bytes.Index(still, []byte("ALPH")); at > 0 {
		pixels = still[at:]
	} else if at = bytes.Index(still, []byte("VP8 ")); at > 0 {
		pixels = still[at:]
	}
	var head []byte
	for _, n := range []int{rect.Min.X / 2, rect.Min.Y / 2, rect.Dx() - 1, rect.Dy() - 1, 100} {
		head = three(head, n)
	}
	body := chunk("VP8X", three(three([]byte{1 << 1, 0, 0, 0}, width-1), height-1))
	body = append(body, chunk("ANIM", make([]byte, 6))...)
	body = append(body, chunk("ANMF", append(append(head, 0), pixels...))...)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return append(append(out, "WEBP"...), body...)
}

// TestFirstFrame puts a frame of 24 x 16 on a larger canvas.
func TestFirstFrame(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"comment.webp", "lossless.webp", "alpha.webp"} {
		still, _, err := encode.Decode(t.Context(), readFile(t, name), 24*16)
		if err != nil {
			t.Fatal(err)
		}
		at := image.Rect(6, 4, 30, 20)
		img, format, err := encode.Decode(t.Context(), animation(40, 30, at, readFile(t, name)), 40*30)
		if err != nil || format != "webp" || img.Bounds() != image.Rect(0, 0, 40, 30) {
			t.Fatalf("%s: got %q and error %v, want an image of 40 x 30", name, format, err)
		}
		for y := range 30 {
			for x := range 40 {
				want := color.NRGBA{}
				if image.Pt(x, y).In(at) {
					want = color.NRGBAModel.Convert(still.At(x-6, y-4)).(color.NRGBA)
				}
				if got := img.At(x, y); got != want {
					t.Fatalf("%s: pixel %d, %d: got %v, want %v", name, x, y, got, want)
				}
			}
		}
		if _, _, err := encode.Decode(t.Context(), animation(40, 30, at, readFile(t, name)), 40*30-1); err == nil {
			t.Errorf("%s: a canvas of too many pixels is read", name)
		}
	}
}

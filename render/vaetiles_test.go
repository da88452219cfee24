package render

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"darkroom/render/tensor"
)

// sineWave is the map of recipe/tiles.py.
func sineWave(shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(math.Sin(float64(float32(i) * 0.7)))
	}
	return t
}

// shadingVAE is a VAE that gives everything it is shown a shade of its own, as normalisation does.
type shadingVAE struct{ *fakeModel }

func (s shadingVAE) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	out, err := s.fakeModel.DecodeLatents(ctx, l)
	return addMean(out, l), err
}

func (s shadingVAE) EncodeImage(_ context.Context, p tensor.Tensor) (tensor.Tensor, error) {
	h, w := p.Shape[2]/8, p.Shape[3]/8
	out := tensor.New(1, 4, h, w)
	for i := range out.Data {
		c, y, x := i/(h*w)%3, i/w%h, i%w
		out.Data[i] = p.Data[(c*p.Shape[2]+y*8)*p.Shape[3]+x*8]
	}
	return addMean(out, p), nil
}

func addMean(out, by tensor.Tensor) tensor.Tensor {
	sum := 0.0
	for _, v := range by.Data {
		sum += float64(v)
	}
	for i := range out.Data {
		out.Data[i] += float32(sum / float64(len(by.Data)))
	}
	return out
}

func newShadingRenderer(t *testing.T, o Options, d Decoder) *Renderer {
	t.Helper()
	s := shadingVAE{&fakeModel{}}
	parts := s.parts()
	parts.Tokenizers, parts.Decoder, parts.Encoder = tokenizers(t), s, s
	if d != nil {
		parts.Decoder = d
	}
	r, err := New(parts, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestVAEInTiles compares with the tiled_decode and _tiled_encode of diffusers' AutoencoderKL, recorded by
// recipe/tiles.py.
func TestVAEInTiles(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/tiles.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Tile             int
		Decoded, Encoded []float64 // of the second channel; every fifth pixel of every fifth line of what is decoded
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	r := newShadingRenderer(t, Options{VAEPixels: 100, VAETileSide: want.Tile}, nil)
	decoded, err := r.decodeLatents(t.Context(), r.parts.Decoder, sineWave(1, 4, 13, 19))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := r.encodePixels(t.Context(), r.parts.Encoder, sineWave(1, 3, 13*8, 19*8))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		got   tensor.Tensor
		every int
		want  []float64
	}{{"decoded", decoded, 5, want.Decoded}, {"encoded", encoded, 1, want.Encoded}} {
		h, w := c.got.Shape[2], c.got.Shape[3]
		columns := (w + c.every - 1) / c.every
		for i, v := range c.want {
			y, x := i/columns*c.every, i%columns*c.every
			if got := float64(c.got.Data[(h+y)*w+x]); math.Abs(got-v) > 2e-5 {
				t.Fatalf("%s, at (%d, %d) of %v: got %v, want %v", c.name, x, y, c.got.Shape, got, v)
			}
		}
		if rows := (h + c.every - 1) / c.every; rows*columns != len(c.want) {
			t.Errorf("%s: got shape %v for %d values", c.name, c.got.Shape, len(c.want))
		}
	}
}

// smallDecoder is a decoder with room for little.
type smallDecoder struct {
	Decoder
	cells int
}

func (n smallDecoder) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	if len(l.Data) > 4*n.cells {
		return tensor.Tensor{}, tensor.ErrOutOfMemory
	}
	return n.Decoder.DecodeLatents(ctx, l)
}

func TestLowMemoryDecodesInTiles(t *testing.T) {
	t.Parallel()
	whole, _ := newFake(t, Options{})
	s := boatSpec()
	s.Width, s.Height = 256, 192
	want := mustRender(t, whole, s, Job{}).Tiles[0].Image
	t.Run("where tiles find room", func(t *testing.T) {
		t.Parallel()
		r := newShadingRenderer(t, Options{VAETileSide: 64}, smallDecoder{&fakeModel{}, 64})
		if got := mustRender(t, r, s, Job{}).Tiles[0].Image; !sameImage(got, want) {
			t.Errorf(
				"a decoder that looks at single latents makes another image in tiles: %.2f apart", meanDifference(t, got, want),
			)
		}
	})
	t.Run("and fails where they do not either", func(t *testing.T) {
		t.Parallel()
		r := newShadingRenderer(t, Options{VAETileSide: 64}, smallDecoder{&fakeModel{}, 10})
		if _, err := r.Render(t.Context(), s, Job{}); !errors.Is(err, tensor.ErrOutOfMemory) {
			t.Errorf("got %v, want %v", err, tensor.ErrOutOfMemory)
		}
	})
	t.Run("an image whose edges fit is shown what lies beyond them", func(t *testing.T) {
		t.Parallel()
		r := newShadingRenderer(t, Options{VAEPixels: 100, VAETileSide: 64}, nil)
		latents := sineWave(1, 4, 24, 32)
		f := &fakeModel{}
		r.parts.Decoder = f
		got, err := r.decodeLatents(t.Context(), shadingVAE{f}, latents)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := f.DecodeLatents(t.Context(), latents)
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, got, plain)
		r.parts.Encoder = f
		pixels := sineWave(1, 3, 192, 256)
		if got, err = r.encodePixels(t.Context(), shadingVAE{f}, pixels); err != nil {
			t.Fatal(err)
		}
		if plain, err = f.EncodeImage(t.Context(), pixels); err != nil {
			t.Fatal(err)
		}
		checkNear(t, got, plain)
	})
}

// checkNear checks that two maps differ by rounding alone.
func checkNear(t *testing.T, got, want tensor.Tensor) {
	t.Helper()
	if !tensor.SameShape(got, want) {
		t.Fatalf("got shape %v, want %v", got.Shape, want.Shape)
	}
	for i, v := range want.Data {
		if d := got.Data[i] - v; d > 1e-6 || d < -1e-6 {
			t.Fatalf("value %d: got %v, want %v", i, got.Data[i], v)
		}
	}
}

// tinyDecoder is a tiny decoder: it takes latents as they are and shows them upside down, so that the test recognises
// it.
type tinyDecoder struct{ *fakeModel }

func (s tinyDecoder) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	return s.fakeModel.DecodeLatents(ctx, tensor.Scale(l, -1))
}

func TestTinyDecoderShowsPreviews(t *testing.T) {
	t.Parallel()
	f := &fakeModel{}
	tiny := tinyDecoder{&fakeModel{}}
	parts := f.parts()
	parts.Tokenizers, parts.PreviewDecoder = tokenizers(t), tiny
	r, err := New(parts, Options{PreviewPixels: 32 * 24})
	if err != nil {
		t.Fatal(err)
	}
	v := newPreviews(r, boatSpec())
	estimate := sineWave(1, 4, 6, 8)
	v.set(0, estimate)
	sheet := v.decodeAll(t.Context(), v.snapshot()).Sheet
	if got := sheet.Bounds().Size(); got.X != 64 || got.Y != 48 {
		t.Errorf("got a sheet of %v, want the whole 64×48: a tiny decoder may show four times the pixels", got)
	}
	if r, _, _, _ := sheet.At(1, 1).RGBA(); uint8(r>>8) != toByte(-estimate.Data[0], math.RoundToEven) {
		t.Errorf(
			"got red %d, want %d: the latents as they are, by the tiny decoder", r>>8,
			toByte(-estimate.Data[0], math.RoundToEven),
		)
	}
	if f.decodes.Load() != 0 || tiny.decodes.Load() != 1 {
		t.Errorf("the model decoded %d times and the tiny one %d, want 0 and 1", f.decodes.Load(), tiny.decodes.Load())
	}
}

// fixedSizeDecoder is a decoder of one size.
type fixedSizeDecoder struct {
	Decoder
	height, width int // of its latents
}

func (r fixedSizeDecoder) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	if l.Shape[2] != r.height || l.Shape[3] != r.width {
		return tensor.Tensor{}, errors.New("dimensions differ")
	}
	return r.Decoder.DecodeLatents(ctx, l)
}

func TestFixedSizeModelShowsPreviews(t *testing.T) {
	t.Parallel()
	for name, tiny := range map[string]bool{"by its decoder": false, "by a tiny one": true} {
		f := &fakeModel{}
		parts := f.parts()
		parts.Tokenizers, parts.Decoder, parts.Config.FixedSize = tokenizers(t), fixedSizeDecoder{f, 6, 8}, true
		options := Options{PreviewPixels: 32 * 24}
		if tiny {
			parts.PreviewDecoder, options.PreviewPixels = fixedSizeDecoder{tinyDecoder{f}, 6, 8}, 32*24/4
		}
		r, err := New(parts, options)
		if err != nil {
			t.Fatal(err)
		}
		v := newPreviews(r, boatSpec())
		v.set(0, sineWave(1, 4, 6, 8))
		preview := v.decodeAll(t.Context(), v.snapshot())
		if preview == nil {
			t.Errorf("%s: got no preview", name)
			continue
		}
		if got := preview.Sheet.Bounds().Size(); got.X != 32 || got.Y != 24 {
			t.Errorf("%s: got a preview of %v, want 32×24", name, got)
		}
	}
}

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

// waves is the map of recipe/tiles.py.
func waves(shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(math.Sin(float64(float32(i) * 0.7)))
	}
	return t
}

// shaded is a VAE that gives everything it is shown a shade of its own, as normalisation does.
type shaded struct{ *fakeModel }

func (s shaded) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	out, err := s.fakeModel.DecodeLatents(ctx, l)
	return shade(out, l), err
}

func (s shaded) EncodeImage(_ context.Context, p tensor.Tensor) (tensor.Tensor, error) {
	h, w := p.Shape[2]/8, p.Shape[3]/8
	out := tensor.New(1, 4, h, w)
	for i := range out.Data {
		c, y, x := i/(h*w)%3, i/w%h, i%w
		out.Data[i] = p.Data[(c*p.Shape[2]+y*8)*p.Shape[3]+x*8]
	}
	return shade(out, p), nil
}

func shade(out, by tensor.Tensor) tensor.Tensor {
	sum := 0.0
	for _, v := range by.Data {
		sum += float64(v)
	}
	for i := range out.Data {
		out.Data[i] += float32(sum / float64(len(by.Data)))
	}
	return out
}

func newShaded(t *testing.T, o Options, d Decoder) *Renderer {
	t.Helper()
	s := shaded{&fakeModel{}}
	parts := s.parts()
	parts.Tokenizer, parts.Decoder, parts.Encoder = tokenizer(t), s, s
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
	r := newShaded(t, Options{WholePixels: 100, TileSide: want.Tile}, nil)
	decoded, err := r.decodeLatents(t.Context(), r.parts.Decoder, waves(1, 4, 13, 19))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := r.encodePixels(t.Context(), r.parts.Encoder, waves(1, 3, 13*8, 19*8))
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

// narrow is a decoder with room for little.
type narrow struct {
	Decoder
	cells int
}

func (n narrow) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	if len(l.Data) > 4*n.cells {
		return tensor.Tensor{}, tensor.ErrMemory
	}
	return n.Decoder.DecodeLatents(ctx, l)
}

func TestShortMemoryDecodesInTiles(t *testing.T) {
	t.Parallel()
	whole, _ := newFake(t, Options{})
	s := boat()
	s.Width, s.Height = 256, 192
	want := paint(t, whole, s, Job{}).Tiles[0].Image
	t.Run("where tiles find room", func(t *testing.T) {
		t.Parallel()
		r := newShaded(t, Options{TileSide: 64}, narrow{&fakeModel{}, 64})
		if got := paint(t, r, s, Job{}).Tiles[0].Image; !same(got, want) {
			t.Errorf("a decoder that looks at single latents makes another picture in tiles: %.2f apart", apart(t, got, want))
		}
	})
	t.Run("and fails where they do not either", func(t *testing.T) {
		t.Parallel()
		r := newShaded(t, Options{TileSide: 64}, narrow{&fakeModel{}, 10})
		if _, err := r.Paint(t.Context(), s, Job{}); !errors.Is(err, tensor.ErrMemory) {
			t.Errorf("got %v, want %v", err, tensor.ErrMemory)
		}
	})
	t.Run("a picture whose edges fit is shown what lies beyond them", func(t *testing.T) {
		t.Parallel()
		r := newShaded(t, Options{WholePixels: 100, TileSide: 64}, nil)
		latents := waves(1, 4, 24, 32)
		f := &fakeModel{}
		r.parts.Decoder = f
		got, err := r.decodeLatents(t.Context(), shaded{f}, latents)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := f.DecodeLatents(t.Context(), latents)
		if err != nil {
			t.Fatal(err)
		}
		near(t, got, plain)
		r.parts.Encoder = f
		pixels := waves(1, 3, 192, 256)
		if got, err = r.encodePixels(t.Context(), shaded{f}, pixels); err != nil {
			t.Fatal(err)
		}
		if plain, err = f.EncodeImage(t.Context(), pixels); err != nil {
			t.Fatal(err)
		}
		near(t, got, plain)
	})
}

// near sees that two maps differ by rounding alone.
func near(t *testing.T, got, want tensor.Tensor) {
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

// sketch is a tiny decoder: it takes latents as they are and shows them upside down, so that one can tell.
type sketch struct{ *fakeModel }

func (s sketch) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	return s.fakeModel.DecodeLatents(ctx, tensor.Scale(l, -1))
}

func TestTinyDecoderShowsPreviews(t *testing.T) {
	t.Parallel()
	f := &fakeModel{}
	tiny := sketch{&fakeModel{}}
	parts := f.parts()
	parts.Tokenizer, parts.Preview = tokenizer(t), tiny
	r, err := New(parts, Options{PreviewPixels: 32 * 24})
	if err != nil {
		t.Fatal(err)
	}
	v := newPreviews(r, boat())
	estimate := waves(1, 4, 6, 8)
	v.note(0, estimate)
	sheet := v.sheet(t.Context(), v.snapshot())
	if got := sheet.Bounds().Size(); got.X != 64 || got.Y != 48 {
		t.Errorf("got a sheet of %v, want the whole 64×48: a tiny decoder may show four times the pixels", got)
	}
	if r, _, _, _ := sheet.At(1, 1).RGBA(); uint8(r>>8) != toByte(-estimate.Data[0], math.RoundToEven) {
		t.Errorf("got red %d, want %d: the latents as they are, by the tiny decoder", r>>8, toByte(-estimate.Data[0], math.RoundToEven))
	}
	if f.decodes.Load() != 0 || tiny.decodes.Load() != 1 {
		t.Errorf("the model decoded %d times and the tiny one %d, want 0 and 1", f.decodes.Load(), tiny.decodes.Load())
	}
}

// rigid is a decoder of one size.
type rigid struct {
	Decoder
	height, width int // of its latents
}

func (r rigid) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	if l.Shape[2] != r.height || l.Shape[3] != r.width {
		return tensor.Tensor{}, errors.New("dimensions differ")
	}
	return r.Decoder.DecodeLatents(ctx, l)
}

func TestAModelOfOneSizeShowsPreviews(t *testing.T) {
	t.Parallel()
	for name, tiny := range map[string]bool{"by its decoder": false, "by a tiny one": true} {
		f := &fakeModel{}
		parts := f.parts()
		parts.Tokenizer, parts.Decoder, parts.Config.Fixed = tokenizer(t), rigid{f, 6, 8}, true
		options := Options{PreviewPixels: 32 * 24}
		if tiny {
			parts.Preview, options.PreviewPixels = rigid{sketch{f}, 6, 8}, 32*24/4
		}
		r, err := New(parts, options)
		if err != nil {
			t.Fatal(err)
		}
		v := newPreviews(r, boat())
		v.note(0, waves(1, 4, 6, 8))
		sheet := v.sheet(t.Context(), v.snapshot())
		if sheet == nil {
			t.Errorf("%s: got no preview", name)
			continue
		}
		if got := sheet.Bounds().Size(); got.X != 32 || got.Y != 24 {
			t.Errorf("%s: got a preview of %v, want 32×24", name, got)
		}
	}
}

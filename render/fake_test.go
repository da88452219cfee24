package render

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"darkroom/render/clip"
	"darkroom/render/family"
	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// fakeModel is a model of a few lines whose answer for one item of a batch depends on that item alone.
type fakeModel struct {
	unetRuns  atomic.Int64
	unetBatch atomic.Int64 // the largest
	textRuns  atomic.Int64
	decodes   atomic.Int64
	broken    error // what the UNet answers, if anything
}

// EncodeText gives each token a hidden state of two numbers.
func (f *fakeModel) EncodeText(_ context.Context, ids [][]int32, skip int) (TextEncoding, error) {
	f.textRuns.Add(1)
	out := tensor.New(len(ids), len(ids[0]), 2)
	for i, chunk := range ids {
		for j, id := range chunk {
			row := out.Data[(i*len(chunk)+j)*2:]
			row[0], row[1] = float32(id%7)+float32(skip), float32(j%5)/5
		}
	}
	return TextEncoding{Hidden: out}, nil
}

// Unet answers with a mix of its input, of the hidden states' mean and of the time.
func (f *fakeModel) Unet(
	_ context.Context, x tensor.Tensor, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	f.unetRuns.Add(1)
	f.unetBatch.Store(max(f.unetBatch.Load(), int64(x.Batch())))
	if f.broken != nil {
		return tensor.Tensor{}, f.broken
	}
	out := x.Like()
	for b := range x.Batch() {
		var mean float32
		for _, v := range conditioning.Hidden.Row(b).Data {
			mean += v / float32(len(conditioning.Hidden.Row(b).Data))
		}
		for i, v := range x.Row(b).Data {
			out.Row(b).Data[i] = 0.6*v + 0.05*mean + float32(time)/5000
		}
	}
	return out, nil
}

// DecodeLatents makes every latent a square of eight pixels of one colour.
func (f *fakeModel) DecodeLatents(_ context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	f.decodes.Add(1)
	h, w := 8*l.Shape[2], 8*l.Shape[3]
	out := tensor.New(l.Batch(), 3, h, w)
	for i := range out.Data {
		b, c, y, x := i/(3*h*w), i/(h*w)%3, i/w%h, i%w
		out.Data[i] = l.Row(b).Data[(c*l.Shape[2]+y/8)*l.Shape[3]+x/8]
	}
	return out, nil
}

// EncodeImage is its inverse: it looks at one pixel in each square.
func (f *fakeModel) EncodeImage(_ context.Context, p tensor.Tensor) (tensor.Tensor, error) {
	h, w := p.Shape[2]/8, p.Shape[3]/8
	out := tensor.New(1, 4, h, w)
	for i := range out.Data {
		c, y, x := i/(h*w), i/w%h, i%w
		if c < 3 {
			out.Data[i] = p.Data[(c*p.Shape[2]+y*8)*p.Shape[3]+x*8]
		}
	}
	return out, nil
}

func (f *fakeModel) parts() Parts {
	c := Config{
		Sampler: sampler.StableDiffusion(), ScalingFactor: 0.5, Channels: 4, PixelsPerLatent: 8, SkippableLayers: 11,
	}
	c.Sampler.Spacing = sampler.Leading
	return Parts{Text: f, Unet: f, Decoder: f, Encoder: f, Config: c}
}

func newFake(t testing.TB, o Options) (*Renderer, *fakeModel) {
	t.Helper()
	return newFakeOf(t, o, false)
}

func newFakeOf(t testing.TB, o Options, distilled bool) (*Renderer, *fakeModel) {
	t.Helper()
	f := &fakeModel{}
	parts := f.parts()
	parts.Config.Distillation = asConsistency(distilled)
	parts.Tokenizers = tokenizers(t)
	r, err := New(parts, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, f
}

// tokenizers holds the demo model's.
func tokenizers(t testing.TB) []*clip.Tokenizer {
	t.Helper()
	return []*clip.Tokenizer{tokenizer(t)}
}

// asConsistency makes a model a consistency model, if it is to be one.
func asConsistency(yes bool) *family.Distillation {
	if yes {
		return family.LCMInWeights
	}
	return nil
}

// tokenizer is the demo model's.
func tokenizer(t testing.TB) *clip.Tokenizer {
	t.Helper()
	words, err := clip.OpenTokenizer(os.DirFS("demo/postcards/tokenizer"))
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// eachSampler gives every sampler of a dialect with a model that it suits. Of its schedules there is one.
func eachSampler(
	t *testing.T, d picture.Dialect, try func(m sampler.Method, s picture.Spec, r *Renderer, f *fakeModel),
) {
	t.Helper()
	scheduled := regexp.MustCompile("_(karras|exponential|polyexponential|beta|lu|sgm_uniform|kl_optimal|simple|ddim)$")
	for _, name := range sampler.Names(d) {
		if scheduled.MatchString(name) {
			continue
		}
		m, err := sampler.Find(d, name)
		if err != nil {
			t.Fatal(err)
		}
		s := boatSpec()
		s.Dialect, s.Sampler, s.Steps = d, name, m.NearestSteps(s.Steps)
		r, f := newFakeOf(t, Options{}, m.Distilled())
		try(m, s, r, f)
	}
}

// boatSpec is a small valid Spec.
func boatSpec() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "fake", Hash: strings.Repeat("0", 64)},
		Prompt: "a red boat", Negative: "blurry", Width: 64, Height: 48, Seed: 7, Count: 1,
		Steps: 8, GuidanceScale: 5, Sampler: "euler_a",
	}
}

func mustRender(t *testing.T, r *Renderer, s picture.Spec, j Job) *Result {
	t.Helper()
	res, err := r.Render(t.Context(), s, j)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// inputStore holds input images by their hash.
type inputStore map[string][]byte

func (s inputStore) find(_ context.Context, sha string) ([]byte, error) {
	if data, ok := s[sha]; ok {
		return data, nil
	}
	return nil, errors.New("no such input")
}

// add stores an image and returns its reference.
func (s inputStore) add(t *testing.T, img image.Image) picture.Input {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	in := s.addBytes(b.Bytes())
	in.Width, in.Height = img.Bounds().Dx(), img.Bounds().Dy()
	return in
}

func (s inputStore) addBytes(data []byte) picture.Input {
	sum := sha256.Sum256(data)
	sha := hex.EncodeToString(sum[:])
	s[sha] = data
	return picture.Input{SHA256: sha}
}

// twoColours is an image whose left half has one colour and whose right half another.
func twoColours(w, h int, left, right color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		c := left
		if i%w >= w/2 {
			c = right
		}
		img.Set(i%w, i/w, c)
	}
	return img
}

// meanDifference is the mean difference of two images of one size, from 0 to 255.
func meanDifference(t *testing.T, a, b *image.NRGBA) float64 {
	t.Helper()
	if a.Bounds() != b.Bounds() {
		t.Fatalf("images of %v and %v", a.Bounds(), b.Bounds())
	}
	sum := 0
	for i, v := range a.Pix {
		sum += max(int(v)-int(b.Pix[i]), int(b.Pix[i])-int(v))
	}
	return float64(sum) / float64(len(a.Pix))
}

func sameImage(a, b *image.NRGBA) bool { return a.Bounds() == b.Bounds() && bytes.Equal(a.Pix, b.Pix) }

var errCancelled = fmt.Errorf("a reason")

package render

import (
	"context"
	"encoding/json"
	"image"
	"image/color"
	"math"
	"os"
	"strings"
	"testing"

	"darkroom/render/family"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// neighbourModel is the model of recipe/inpaint.py: its UNet looks at a value's neighbours, so that the protected part
// influences the rest.
type neighbourModel struct{ *fakeModel }

func (neighbourModel) Unet(_ context.Context, x tensor.Tensor, time float64, _ Conditioning) (tensor.Tensor, error) {
	h, w := x.Shape[2], x.Shape[3]
	out := tensor.New(x.Batch(), 4, h, w)
	for i := range out.Data {
		b, c, y, at := i/(4*h*w), i/(h*w)%4, i/w%h, i%w
		in := func(c, y, at int) float32 { return x.Row(b).Data[(c*h+(y+h)%h)*w+(at+w)%w] }
		out.Data[i] = 0.5*in(c, y, at) + 0.2*in(c, y, at-1) + 0.1*in(c, y-1, at) + float32(time)/5000
		if x.Shape[1] == 9 {
			out.Data[i] += 0.3*in(4, y, at) + 0.2*in(5+c, y, at)
		}
	}
	return out, nil
}

func newNeighbourRenderer(t *testing.T, inpaint bool) *Renderer {
	t.Helper()
	f := neighbourModel{&fakeModel{}}
	parts := f.parts()
	parts.Tokenizers, parts.Unet = tokenizers(t), f
	if inpaint {
		parts.Config.Extra = family.Inpaint
	}
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// gradientImage is the image of recipe/inpaint.py.
func gradientImage() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 * 48 {
		x, y := i%64, i/64
		img.Set(x, y, color.NRGBA{uint8(x * 4), uint8(y * 5), uint8((x + y) * 2), 255})
	}
	return img
}

// windowMask is its mask: white from (20, 10) to (50, 36).
func windowMask() image.Image {
	img := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range img.Pix {
		if x, y := i%64, i/64; x >= 20 && x < 50 && y >= 10 && y < 36 {
			img.Pix[i] = 255
		}
	}
	return img
}

func inpaintJob(t *testing.T, strength float64) (picture.Spec, Job) {
	t.Helper()
	inputs := inputStore{}
	mask := inputs.add(t, windowMask())
	s := boatSpec()
	s.Steps, s.GuidanceScale = 6, 1
	s.Init = &picture.Init{Picture: inputs.add(t, gradientImage()), Mask: &mask, Strength: strength}
	return s, Job{Input: inputs.find}
}

// TestInpaintAsDiffusers compares finished latents with those of diffusers' StableDiffusionInpaintPipeline, recorded by
// recipe/inpaint.py.
func TestInpaintAsDiffusers(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/inpaint.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Sampler  string
		Channels int
		Strength float64
		Latents  []float64 // of the first two channels
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		s, job := inpaintJob(t, c.Strength)
		s.Sampler = c.Sampler
		got := mustRender(t, newNeighbourRenderer(t, c.Channels == 9), s, job).Latents.Data
		worst, size := 0.0, 0.0
		for i, want := range c.Latents {
			worst, size = max(worst, math.Abs(float64(got[i])-want)), max(size, math.Abs(want))
		}
		if !(worst <= 1e-5*size) {
			t.Errorf(
				"%s, %d channels, strength %v: %.2g off, of values up to %.2g", c.Sampler, c.Channels, c.Strength, worst, size,
			)
		}
	}
	if len(cases) < 30 {
		t.Errorf("got %d recorded cases, want 30 or more", len(cases))
	}
}

// TestInpaintAsA1111 compares the mask and finished latents with A1111's steps, rewritten in recipe/inpaint.py, without
// dpm2: A1111 leaves out a sigma there.
func TestInpaintAsA1111(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/inpaint_a1111.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Blurred []int // every third pixel of every third line
		Mask    []float32
		Noise   []float32
		Cases   []struct {
			Sampler string
			Latents []float64
		}
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	r := regionFromMask(fit(windowMask(), 64, 48), 8, picture.A1111, nil)
	for i, v := range want.Blurred {
		if got := int(r.pixels.GrayAt(i%22*3, i/22*3).Y); got-v > 1 || v-got > 1 {
			t.Errorf("blurred mask at (%d, %d): got %d, want %d", i%22*3, i/22*3, got, v)
		}
	}
	for i, v := range want.Mask {
		if got := r.latent.Data[i]; got != v {
			t.Errorf("latent %d of the mask: got %v, want %v", i, got, v)
		}
	}
	for _, c := range want.Cases {
		name := strings.TrimPrefix(c.Sampler, "sample_")
		s, job := inpaintJob(t, 0.7)
		s.Dialect, s.Sampler = picture.A1111, name
		job.Latents = &tensor.Tensor{Shape: []int{1, 4, 6, 8}, Data: want.Noise}
		done := mustRender(t, newNeighbourRenderer(t, false), s, job)
		if got, want := done.Tiles[0].Image.NRGBAAt(5, 40), (color.NRGBA{20, 200, 90, 255}); got != want {
			t.Errorf("%s: far from the mask the image is %v, want %v as it was", name, got, want)
		}
		got := done.Latents.Data
		for i, v := range c.Latents {
			if d := math.Abs(float64(got[i]) - v); d > 3e-5 {
				t.Errorf("%s, value %d: got %v, want %v", name, i, got[i], v)
				break
			}
		}
	}
}

// TestHiresAsA1111 compares finished latents with A1111's hires fix and its "Latent" upscaler, rewritten in
// recipe/inpaint.py: the noise of both sizes is drawn from the seed as A1111's users' graphics cards draw it.
func TestHiresAsA1111(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/hires_a1111.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		picture.Hires
		Cases []struct {
			Sampler string
			Latents []float64
		}
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, c := range want.Cases {
		s := boatSpec()
		s.Dialect, s.Sampler, s.Steps, s.GuidanceScale, s.Hires = picture.A1111, strings.TrimPrefix(
			c.Sampler, "sample_",
		), 6, 1, &want.Hires
		got := mustRender(t, newNeighbourRenderer(t, false), s, Job{}).Latents
		if len(got.Data) != 2*len(c.Latents) {
			t.Fatalf("%s: got shape %v for %d values", s.Sampler, got.Shape, 2*len(c.Latents))
		}
		for i, v := range c.Latents {
			if d := math.Abs(float64(got.Data[i]) - v); d > 1e-4 {
				t.Errorf("%s, value %d: got %v, want %v", s.Sampler, i, got.Data[i], v)
				break
			}
		}
	}
}

// inputRecorder records what the UNet is shown of one latent.
type inputRecorder struct {
	neighbourModel
	latents []float32 // the first of each call
}

func (s *inputRecorder) Unet(
	ctx context.Context, x tensor.Tensor, time float64, g Conditioning,
) (tensor.Tensor, error) {
	s.latents = append(s.latents, x.Data[0])
	return s.neighbourModel.Unet(ctx, x, time, g)
}

// A1111's samplers that count in timesteps are shown the protected part without noise at each call.
func TestInpaintByTimestepsAsA1111(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ddim", "plms", "unipc"} {
		net := &inputRecorder{neighbourModel: neighbourModel{&fakeModel{}}}
		parts := net.parts()
		parts.Tokenizers, parts.Unet = tokenizers(t), net
		r, err := New(parts, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, job := inpaintJob(t, 0.7)
		s.Dialect, s.Sampler = picture.A1111, name
		mustRender(t, r, s, job)
		for i, v := range net.latents { // the image's first pixel is black: −1, by the scaling factor
			if d := v + 0.5; d > 1e-5 || d < -1e-5 {
				t.Errorf("%s, call %d: the model is shown %v, want -0.5", name, i+1, v)
			}
		}
		if len(net.latents) < 3 {
			t.Errorf("%s: %d calls, want a walk", name, len(net.latents))
		}
	}
}

package render

import (
	"context"
	"image"
	"image/color"
	"math"
	"testing"

	"darkroom/render/noise"
	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// unetRecorder records the first value that each call of the UNet is shown, and when.
type unetRecorder struct {
	neighbourModel
	seen []unetCall
}

type unetCall struct{ value, time float64 }

func (o *unetRecorder) Unet(ctx context.Context, x tensor.Tensor, time float64, g Conditioning) (tensor.Tensor, error) {
	o.seen = append(o.seen, unetCall{float64(x.Data[0]), time})
	return o.neighbourModel.Unet(ctx, x, time, g)
}

func newUnetRecorder(t *testing.T, m sampler.Method) (*Renderer, *unetRecorder) {
	t.Helper()
	net := &unetRecorder{neighbourModel: neighbourModel{&fakeModel{}}}
	parts := net.parts()
	parts.Tokenizers, parts.Unet, parts.Config.Distillation = tokenizers(t), net, asConsistency(m.Distilled())
	parts.Seamless = func(context.Context) (SeamlessNetworks, error) { return SeamlessNetworks{net, net, net}, nil }
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, net
}

// Every sampler works in every mode, and the model gets the protected part of an image with the noise of the current
// sigma.
func TestEverySamplerInEveryMode(t *testing.T) {
	t.Parallel()
	for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		eachSampler(t, d, func(m sampler.Method, s picture.Spec, _ *Renderer, _ *fakeModel) {
			t.Run(string(d)+" "+m.Name, func(t *testing.T) {
				t.Parallel()
				for _, way := range []string{"plain", "init", "little init", "mask", "place", "hires", "tiling"} {
					renderMode(t, m, s, way)
				}
			})
		})
	}
}

func renderMode(t *testing.T, m sampler.Method, s picture.Spec, way string) {
	t.Helper()
	ones := tensor.New(1, 4, 6, 8)
	for i := range ones.Data {
		ones.Data[i] = 1
	}
	job, inputs := Job{Latents: &ones}, inputStore{}
	job.Input = inputs.find
	from := picture.Init{Strength: 0.9}
	switch way {
	case "little init":
		from.Strength = 0.01
	case "mask":
		mask := inputs.add(t, windowMask())
		from.Mask = &mask
	case "place":
		from.Placement = &picture.Placement{Width: 32, Height: 48}
	case "hires":
		s.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.6}
	case "tiling":
		s.Tiling = true
	}
	if way == "init" || way == "little init" || way == "mask" || way == "place" {
		img := gradientImage()
		if way == "place" {
			img = twoColours(32, 48, color.Black, color.Black)
		}
		from.Picture = inputs.add(t, img)
		s.Init = &from
	}
	r, net := newUnetRecorder(t, m)
	done, err := r.Render(t.Context(), s, job)
	if err != nil || !done.Latents.Finite() {
		t.Errorf("%s: got %v, want an image of finite numbers", way, err)
		return
	}
	own := s.Dialect == picture.A1111 || asksAhead(s.Sampler) // TestInpaintAsA1111 and TestInpaintAsDiffusers cover these
	if way == "place" || way == "mask" && !own {
		net.checkShown(t, way)
	}
}

// checkShown compares every call but the first with a black value under noise that is 1 everywhere.
func (o *unetRecorder) checkShown(t *testing.T, way string) {
	t.Helper()
	if len(o.seen) < 3 {
		t.Errorf("%s: %d calls, want a walk", way, len(o.seen))
	}
	for i, got := range o.seen[1:] {
		sigma := sigmaAt(o.parts().Config.Sampler, got.time)
		if want := (-0.5 + sigma) / math.Hypot(sigma, 1); math.Abs(got.value-want) > 0.01 {
			t.Errorf(
				"%s, call %d at time %.5g: the model is shown %.4f of what is kept, want %.4f", way, i+2, got.time, got.value,
				want,
			)
			return
		}
	}
}

// sigmaAt is the level of a training time, ln σ on straight lines between whole ones.
func sigmaAt(c sampler.Config, time float64) float64 {
	remains, low := 1.0, 0.0
	for i := range c.TrainSteps {
		root := math.Sqrt(c.BetaStart) + (math.Sqrt(c.BetaEnd)-math.Sqrt(c.BetaStart))*float64(i)/float64(c.TrainSteps-1)
		remains *= 1 - root*root
		now := math.Log(math.Sqrt((1 - remains) / remains))
		if float64(i) >= time {
			return math.Exp(now - (float64(i)-time)*(now-low))
		}
		low = now
	}
	return math.Exp(low)
}

// Latents that equal the seed's noise give the same image, also with another source of the steps' noise.
func TestGivenLatentsKeepSeedDelta(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Dialect, s.SeedDelta = picture.A1111, 31337
	own := noise.Draw(noise.NewPhilox(s.Seed), 1, 4, 6, 8)
	r, _ := newFake(t, Options{})
	want, got := mustRender(t, r, s, Job{}), mustRender(t, r, s, Job{Latents: &own})
	if !sameImage(got.Tiles[0].Image, want.Tiles[0].Image) {
		t.Errorf("the images are %.2f apart, want the same", meanDifference(t, got.Tiles[0].Image, want.Tiles[0].Image))
	}
}

// A mask is blurred as by looking at every neighbour of every pixel.
func TestBlurLooksAtEveryNeighbour(t *testing.T) {
	t.Parallel()
	grey := image.NewGray(image.Rect(0, 0, 23, 7)) // narrower than the kernel
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i * i % 251)
	}
	got := blur(grey, maskBlur)
	for _, at := range []image.Point{{0, 0}, {22, 6}, {11, 3}, {22, 0}, {3, 6}} {
		down, all := 0.0, 0.0
		for y := at.Y - 10; y <= at.Y+10; y++ {
			along, sum := 0.0, 0.0
			for x := at.X - 10; x <= at.X+10; x++ {
				by := math.Exp(-float64((x-at.X)*(x-at.X)) / (2 * maskBlur * maskBlur))
				along, sum = along+by*float64(grey.GrayAt(mirror(x, 23), mirror(y, 7)).Y), sum+by
			}
			by := math.Exp(-float64((y-at.Y)*(y-at.Y)) / (2 * maskBlur * maskBlur))
			down, all = down+by*math.RoundToEven(along/sum), all+by
		}
		if want := uint8(math.RoundToEven(down / all)); got.GrayAt(at.X, at.Y).Y != want {
			t.Errorf("%v: got %d, want %d", at, got.GrayAt(at.X, at.Y).Y, want)
		}
	}
}

func BenchmarkBlur(b *testing.B) {
	grey := image.NewGray(image.Rect(0, 0, 1024, 1024))
	for b.Loop() {
		blur(grey, maskBlur)
	}
}

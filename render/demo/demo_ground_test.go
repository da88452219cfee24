//go:build cgo

package demo_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/draw"
	"image/png"
	"maps"
	"math"
	"os"
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
)

// soaking says whether the long measures run: DARKROOM_SOAK=1.
func soaking() bool { return os.Getenv("DARKROOM_SOAK") != "" }

// groundJudge is the recipe's judge of outpainting (recipe/recipe/intruder.py): the probe's eyes, and layers that learnt
// from painted images whether new ground shows a subject or nothing.
type groundJudge struct{ *probe }

func openGroundJudge(t *testing.T) groundJudge {
	t.Helper()
	judge := openProbe(t)
	data, err := os.ReadFile("recipe/checkpoint/intruder.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	own, err := readFloat16Tensors(data)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(judge.weights, own)
	return groundJudge{judge}
}

// sure is how sure the judge must be that there is nothing (SURE in the recipe).
const sure = 0.8

// sees says whether the fresh part of an image of 128×128 shows a subject. The rest is greyed out.
func (j groundJudge) sees(view *image.NRGBA, fresh func(x, y int) bool) bool {
	x := pixels(view)
	for i := range side * side {
		if !fresh(i%side, i/side) {
			for c := range 3 {
				x.data[c*side*side+i] = 0
			}
		}
	}
	scores := j.linear("heads.intruder", j.look(x))
	var sum float64
	for _, v := range scores {
		sum += math.Exp(float64(v - scores[0]))
	}
	return 1/sum < sure
}

// gesture is a button that paints around an image.
type gesture struct {
	name          string
	width, height int
	place         picture.Placement
	window        image.Rectangle // of the result, that the judge sees
}

var gestures = []gesture{
	{"pan right", 192, 128, picture.Placement{Width: 128, Height: 128}, image.Rect(64, 0, 192, 128)},
	{"pan left", 192, 128, picture.Placement{X: 64, Width: 128, Height: 128}, image.Rect(0, 0, 128, 128)},
	{"pan down", 128, 192, picture.Placement{Width: 128, Height: 128}, image.Rect(0, 64, 128, 192)},
	{"pan up", 128, 192, picture.Placement{Y: 64, Width: 128, Height: 128}, image.Rect(0, 0, 128, 128)},
	{"zoom out 2×", 128, 128, picture.Placement{X: 32, Y: 32, Width: 64, Height: 64}, image.Rect(0, 0, 128, 128)},
	{"zoom out 1.5×", 128, 128, picture.Placement{X: 21, Y: 21, Width: 85, Height: 85}, image.Rect(0, 0, 128, 128)},
}

// apply paints around an image as the bot's button does with the demo model.
func (g gesture) apply(t *testing.T, s *probedModel, spec picture.Spec, base *image.NRGBA) *image.NRGBA {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, base); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	suits := s.outpaint
	spec.Version, spec.Seed, spec.GuidanceScale = 3, spec.Seed+1000, suits.GuidanceScale
	spec.Width, spec.Height = g.width, g.height
	spec.Init = &picture.Init{
		Picture:  picture.Input{SHA256: hex.EncodeToString(sum[:]), Width: side, Height: side},
		Strength: suits.Strength, Placement: &g.place, Window: &picture.Size{Width: side, Height: side},
	}
	job := render.Job{Input: func(context.Context, string) ([]byte, error) { return b.Bytes(), nil }}
	result, err := s.renderer.Render(t.Context(), spec, job)
	if err != nil {
		t.Fatal(err)
	}
	return result.Tiles[0].Image
}

// fresh says whether a pixel of the judge's window is new.
func (g gesture) fresh(x, y int) bool {
	p := g.place
	return !g.window.Min.Add(image.Pt(x, y)).In(image.Rect(p.X, p.Y, p.X+p.Width, p.Y+p.Height))
}

// crop returns a part of an image.
func crop(img *image.NRGBA, at image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: at.Size()})
	draw.Draw(out, out.Rect, img, at.Min, draw.Src)
	return out
}

// TestNewGround pans and zooms the demo model's pictures: what was there stays, and no second subject appears.
// DARKROOM_SOAK=1 measures a hundred captions for each gesture.
func TestNewGround(t *testing.T) {
	t.Parallel()
	s, judge := openProbedModel(t), openGroundJudge(t)
	count, least := 4, 0.75
	if soaking() {
		count, least = 100, 0.9
	}
	free := map[string]int{}
	for i, c := range heldOut(t, "all", count, s.vocabulary) {
		spec := fewStepSpec(c.Caption, int64(i))
		spec.Steps, spec.Sampler = 12, "dpmpp_2m_karras"
		base := s.render(t, spec)
		for _, g := range gestures {
			got := g.apply(t, s, spec, base)
			if size := got.Rect.Size(); size != image.Pt(g.width, g.height) {
				t.Fatalf("%s: got %v, want the whole canvas", g.name, size)
			}
			if g.place.Width == side && !bytes.Equal(crop(got, image.Rect(
				g.place.X, g.place.Y, g.place.X+side, g.place.Y+side)).Pix, base.Pix) {
				t.Errorf("%s of %q: pixels that were there changed", g.name, c.Caption)
			}
			if judge.sees(crop(got, g.window), g.fresh) {
				t.Logf("%s of %q: a subject", g.name, c.Caption)
			} else {
				free[g.name]++
			}
		}
	}
	for _, g := range gestures {
		t.Logf("%s: %d of %d without a subject", g.name, free[g.name], count)
		if float64(free[g.name]) < least*float64(count) {
			t.Errorf("%s: got new ground without subjects in %d of %d, want at least %.0f %%",
				g.name, free[g.name], count, 100*least)
		}
	}
}

// TestGroundJudge plants subjects of the same kind in new ground: the middle of another picture of the same words.
func TestGroundJudge(t *testing.T) {
	t.Parallel()
	s, judge := openProbedModel(t), openGroundJudge(t)
	count := 20
	if soaking() {
		count = 100
	}
	found := 0
	for i, c := range heldOut(t, "coloured", count, s.vocabulary) {
		spec := fewStepSpec(c.Caption, int64(i))
		view := s.render(t, spec)
		spec.Seed += 500
		draw.Draw(view, image.Rect(64, 0, 128, 128), s.render(t, spec), image.Pt(32, 0), draw.Src)
		if judge.sees(view, func(x, _ int) bool { return x >= 64 }) {
			found++
		} else {
			t.Logf("%q: not found", c.Caption)
		}
	}
	if t.Logf("%d of %d planted subjects found", found, count); float64(found) < 0.95*float64(count) {
		t.Errorf("the judge finds %d of %d planted subjects, want at least 95 %%", found, count)
	}
}

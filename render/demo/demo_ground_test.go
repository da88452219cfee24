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
	"darkroom/render/upscale"
)

// soaking says whether the long measures run: DARKROOM_SOAK=1.
func soaking() bool { return os.Getenv("DARKROOM_SOAK") != "" }

// groundJudge is the recipe's judge of outpainting (recipe/recipe/intruder.py): the probe's eyes, and layers that
// learnt from painted images whether new ground shows a subject or nothing.
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

// How sure the judge must be that there is nothing: in one view (SURE in the recipe), and in each of several that show
// the same ground, where a false alarm in any counts.
const sure, sureInEach = 0.8, 0.4

// sees says whether the fresh part of an image of 128×128 shows a subject. The rest is greyed out.
func (j groundJudge) sees(view *image.NRGBA, fresh func(x, y int) bool, sure float64) bool {
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

// shows says whether the judge sees a subject in what a gesture painted. Ground that was shrunk to half is judged at
// the scale at which it was painted, which the judge knows: in eight overlapping views around the picture.
func (g gesture) shows(judge groundJudge, result *image.NRGBA) bool {
	if 2*g.place.Width != g.width {
		return judge.sees(crop(result, g.window), g.fresh, sure)
	}
	for i := range 9 {
		corner := image.Pt(i%3*side/4, i/3*side/4)
		if i == 4 {
			continue // the picture itself
		}
		quarter := crop(result, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side/2, side/2))})
		fresh := func(x, y int) bool { return g.fresh(corner.X+x/2, corner.Y+y/2) }
		if judge.sees(upscale.Lanczos(quarter, image.Pt(side, side)), fresh, sureInEach) {
			return true
		}
	}
	return false
}

// crop returns a part of an image.
func crop(img *image.NRGBA, at image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: at.Size()})
	draw.Draw(out, out.Rect, img, at.Min, draw.Src)
	return out
}

// TestNewGround pans and zooms the demo model's pictures: what was there stays, and no second subject appears.
// DARKROOM_SOAK=1 measures a hundred captions for each gesture, by which no setting was chosen.
func TestNewGround(t *testing.T) {
	t.Parallel()
	s, judge := openProbedModel(t), openGroundJudge(t)
	set, count, least := "all", 4, 0.75
	if soaking() {
		set, count, least = "ground", 100, 0.9
	}
	captions, bases := heldOut(t, set, count, s.vocabulary), map[int]*image.NRGBA{}
	for _, g := range gestures {
		t.Run(g.name, func(t *testing.T) {
			free := 0
			for i, c := range captions {
				spec := fewStepSpec(c.Caption, int64(i))
				spec.Steps, spec.Sampler = 12, "dpmpp_2m_karras"
				if bases[i] == nil {
					bases[i] = s.render(t, spec)
				}
				if g.keeps(t, s, judge, spec, bases[i]) {
					free++
				} else {
					t.Logf("%q: a subject", c.Caption)
				}
			}
			if t.Logf("%d of %d without a subject", free, count); float64(free) < least*float64(count) {
				t.Errorf("got new ground without subjects in %d of %d, want at least %.0f %%", free, count, 100*least)
			}
		})
	}
}

// keeps applies a gesture, checks the canvas and the old pixels, and says whether the new ground is free of subjects.
func (g gesture) keeps(t *testing.T, s *probedModel, judge groundJudge, spec picture.Spec, base *image.NRGBA) bool {
	t.Helper()
	got, at := g.apply(t, s, spec, base), g.place
	if size := got.Rect.Size(); size != image.Pt(g.width, g.height) {
		t.Fatalf("got %v, want the whole canvas", size)
	}
	old := crop(got, image.Rect(at.X, at.Y, at.X+at.Width, at.Y+at.Height))
	if at.Width == side && !bytes.Equal(old.Pix, base.Pix) {
		t.Errorf("%q: pixels that were there changed", spec.Prompt)
	}
	return !g.shows(judge, got)
}

// TestGroundJudge plants subjects of the same kind in new ground: the middle of another picture of the same words, as
// large as the gesture shows it.
func TestGroundJudge(t *testing.T) {
	t.Parallel()
	s, judge := openProbedModel(t), openGroundJudge(t)
	count := 12
	if soaking() {
		count = 100
	}
	panned, zoomed := 0, 0
	for i, c := range heldOut(t, "coloured", count, s.vocabulary) {
		spec := fewStepSpec(c.Caption, int64(i))
		base := s.render(t, spec)
		spec.Seed += 500
		planted := crop(s.render(t, spec), image.Rect(32, 0, 96, 128))
		pan := image.NewNRGBA(image.Rect(0, 0, 192, 128))
		draw.Draw(pan, base.Rect, base, image.Point{}, draw.Src)
		draw.Draw(pan, image.Rect(128, 0, 192, 128), planted, image.Point{}, draw.Src)
		if gestures[0].shows(judge, pan) {
			panned++
		}
		zoom := gestures[4].apply(t, s, spec, base)
		draw.Draw(zoom, image.Rect(96, 32, 128, 96), upscale.Lanczos(planted, image.Pt(32, 64)), image.Point{}, draw.Src)
		if gestures[4].shows(judge, zoom) {
			zoomed++
		}
	}
	t.Logf("of %d planted subjects it finds %d beside a picture and %d around one", count, panned, zoomed)
	if float64(min(panned, zoomed)) < 0.95*float64(count) {
		t.Errorf("of %d planted subjects it finds %d beside a picture and %d around one, want at least 95 %%",
			count, panned, zoomed)
	}
}

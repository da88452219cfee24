package render

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"math"

	scale "golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"darkroom/render/picture"
)

// outpaintPlan is how a canvas is painted in windows around an image. The work is done at the scale at which the image
// is as large as a window, and the canvas is scaled down afterwards where the Spec asks for a smaller one.
type outpaintPlan struct {
	canvas, known image.Rectangle // in pixels of the work; known is where the image lies
	windows       []groundWindow
}

// inWindows says whether a Spec outpaints in windows, so that the UNet sees nothing larger.
func inWindows(s picture.Spec) bool { return s.Init != nil && s.Init.Window != nil }

// planOutpaint plans the windows of a Spec that has them.
func (p *run) planOutpaint() error {
	s, grid := p.spec, p.parts.Config.PixelsPerLatent
	if !inWindows(s) {
		return nil
	}
	window := *s.Init.Window
	if m := p.parts.Config.SizeMultiple; window.Width%m != 0 || window.Height%m != 0 {
		return refuse("this model cannot outpaint in windows of %v: their sides must be multiples of %d", window, m)
	}
	plan := planGround(s, grid)
	p.outpaint = &plan
	return nil
}

// planGround plans the windows of a Spec. Their sides are multiples of grid.
func planGround(s picture.Spec, grid int) outpaintPlan {
	window, at := *s.Init.Window, rectangle(*s.Init.Placement)
	by := max(1, float64(window.Width)/float64(at.Dx()), float64(window.Height)/float64(at.Dy()))
	nearest := func(side, least int) int {
		return max(int(math.Round(float64(side)*by/float64(grid)))*grid, (least+grid-1)/grid*grid)
	}
	size := image.Pt(nearest(at.Dx(), window.Width), nearest(at.Dy(), window.Height))
	before := image.Pt(scaledUp(at.Min.X, size.X, at.Dx(), grid), scaledUp(at.Min.Y, size.Y, at.Dy(), grid))
	after := image.Pt(
		scaledUp(s.Width-at.Max.X, size.X, at.Dx(), grid), scaledUp(s.Height-at.Max.Y, size.Y, at.Dy(), grid),
	)
	known := image.Rectangle{Min: before, Max: before.Add(size)}
	canvas := image.Rectangle{Max: known.Max.Add(after)}
	return outpaintPlan{canvas, known, groundWindows(canvas, known, window, grid)}
}

// scaledUp returns pixels·to/from, rounded up to a multiple of grid.
func scaledUp(pixels, to, from, grid int) int {
	return (pixels*to + from*grid - 1) / (from * grid) * grid
}

// paintGround paints around the placed image, once for each tile.
func (p *run) paintGround(ctx context.Context) ([]Tile, error) {
	img, err := p.inputImage(ctx, p.spec.Init.Picture, "init image")
	if err != nil {
		return nil, fmt.Errorf("init image: %w", err)
	}
	o := p.outpaint
	start := image.NewNRGBA(o.canvas)
	draw.Draw(start, o.known, fit(img, o.known.Dx(), o.known.Dy()), image.Point{}, draw.Src)
	tiles := make([]Tile, p.spec.Count)
	for i := range tiles {
		canvas := image.NewNRGBA(o.canvas)
		copy(canvas.Pix, start.Pix)
		for j, w := range o.windows {
			if err := p.paintWindow(ctx, i, j, w, canvas); err != nil {
				return nil, fmt.Errorf("tile %d: window %d: %w", i+1, j+1, err)
			}
		}
		tiles[i] = Tile{Seed: p.spec.Tile(i).Seed, Image: p.outpaint.scaled(canvas, p.spec)}
	}
	return tiles, nil
}

// paintWindow paints one window of a tile's canvas.
func (p *run) paintWindow(ctx context.Context, tile, window int, w groundWindow, canvas *image.NRGBA) error {
	sub, spec := *p, p.spec.Tile(tile)
	spec.Seed = (spec.Seed + int64(window*picture.MaxCount)) & picture.MaxSeed // noise of its own
	spec.Width, spec.Height = w.at.Dx(), w.at.Dy()
	sub.spec, sub.firstTile, sub.textOf = spec, tile, p.textOf[tile:tile+1]
	view := fillFresh(canvas, w)
	sub.initImage = &initImage{canvas: view, mode: maskNoisedInput}
	var err error
	if sub.initImage.latent, err = p.encodePosterior(ctx, toTensor(view)); err != nil {
		return err
	}
	sub.initImage.region = freshRegion(w, p.parts.Config.PixelsPerLatent)
	pass := p.passes[0]
	if p.parts.Config.Extra != nil {
		if pass.inpaint, err = sub.encodeInpaint(ctx, pass); err != nil {
			return err
		}
	}
	masked := maskedLatents{&sub.initImage.latent.mean, &sub.initImage.region.latent, sub.initImage.mode}
	latents, err := sub.samplePass(ctx, pass, &sub.initImage.latent.mean, masked)
	if err != nil {
		return err
	}
	pixels, err := p.toPixels(ctx, p.decoder, latents)
	if err != nil {
		return err
	}
	joinGround(canvas, toImage(pixels, rounding(p.spec.Dialect)), w)
	return nil
}

// freshRegion is what is painted of a window.
func freshRegion(w groundWindow, factor int) *region {
	r := region{pixels: image.NewGray(image.Rectangle{Max: w.at.Size()})}
	draw.Draw(r.pixels, w.fresh.Sub(w.at.Min), image.White, image.Point{}, draw.Src)
	r.latent = nearestMask(r.pixels, factor)
	return &r
}

// scaled returns a finished canvas in the size of the Spec.
func (o outpaintPlan) scaled(canvas *image.NRGBA, s picture.Spec) *image.NRGBA {
	at := rectangle(*s.Init.Placement)
	if at == o.known && o.canvas.Dx() == s.Width && o.canvas.Dy() == s.Height {
		return canvas
	}
	x, y := float64(at.Dx())/float64(o.known.Dx()), float64(at.Dy())/float64(o.known.Dy())
	out := image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height))
	place := f64.Aff3{
		x, 0, float64(at.Min.X) - x*float64(o.known.Min.X), 0, y, float64(at.Min.Y) - y*float64(o.known.Min.Y),
	}
	scale.CatmullRom.Transform(out, place, canvas, canvas.Rect, scale.Src, nil)
	return out
}

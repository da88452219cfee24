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

// planOutpaint plans the windows of a Spec that has them.
func (p *run) planOutpaint() error {
	s, grid := p.spec, p.parts.Config.PixelsPerLatent
	if s.Init == nil || s.Init.Window == nil {
		return nil
	}
	window, at := *s.Init.Window, rectangle(*s.Init.Placement)
	if m := p.parts.Config.SizeMultiple; window.Width%m != 0 || window.Height%m != 0 {
		return refuse("this model cannot outpaint in windows of %v: their sides must be multiples of %d", window, m)
	}
	by := max(1, float64(window.Width)/float64(at.Dx()), float64(window.Height)/float64(at.Dy()))
	up := func(pixels float64) int { return int(math.Ceil(pixels/float64(grid)-1e-9)) * grid }
	size := image.Pt(up(float64(at.Dx())*by), up(float64(at.Dy())*by))
	bx, by2 := float64(size.X)/float64(at.Dx()), float64(size.Y)/float64(at.Dy())
	corner := image.Pt(up(float64(at.Min.X)*bx), up(float64(at.Min.Y)*by2))
	known := image.Rectangle{Min: corner, Max: corner.Add(size)}
	canvas := image.Rect(0, 0, known.Max.X+up(float64(s.Width-at.Max.X)*bx), known.Max.Y+up(float64(s.Height-at.Max.Y)*by2))
	p.outpaint = &outpaintPlan{canvas, known, groundWindows(canvas, known, window, grid)}
	return nil
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
	sub.spec, sub.firstTile = spec, tile
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

// joinGround copies what was painted of a window onto the canvas.
func joinGround(canvas, painted *image.NRGBA, w groundWindow) {
	draw.Draw(canvas, w.fresh, painted, w.fresh.Min.Sub(w.at.Min), draw.Src)
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

// GroundFill is an experiment.
var GroundFill = "soft"

// fillFresh returns a window of the canvas whose fresh part continues what is there.
func fillFresh(canvas *image.NRGBA, w groundWindow) *image.NRGBA {
	view := image.NewNRGBA(image.Rectangle{Max: w.at.Size()})
	draw.Draw(view, view.Rect, canvas, w.at.Min, draw.Src)
	fresh := w.fresh.Sub(w.at.Min)
	sideways := fresh.Dy() == view.Rect.Dy() || fresh.Min.Y > 0 && fresh.Max.Y < view.Rect.Max.Y
	if fresh.Min.Y == 0 && fresh.Max.Y < view.Rect.Max.Y && fresh.Dx() > fresh.Dy() {
		sideways = false
	}
	for y := fresh.Min.Y; y < fresh.Max.Y; y++ {
		for x := fresh.Min.X; x < fresh.Max.X; x++ {
			nx, ny, d := x, y, 0
			dx, dy := 0, 0
			switch {
			case sideways && fresh.Min.X == 0:
				d = fresh.Max.X - x
				nx, dy = fresh.Max.X, 1
			case sideways:
				d = x - fresh.Min.X + 1
				nx, dy = fresh.Min.X-1, 1
			case fresh.Min.Y == 0:
				d = fresh.Max.Y - y
				ny, dx = fresh.Max.Y, 1
			default:
				d = y - fresh.Min.Y + 1
				ny, dx = fresh.Min.Y-1, 1
			}
			reach := 0
			switch GroundFill {
			case "mirror":
				if dy == 1 && nx == fresh.Max.X {
					nx += d - 1
				} else if dy == 1 {
					nx -= d - 1
				} else if ny == fresh.Max.Y {
					ny += d - 1
				} else {
					ny -= d - 1
				}
			case "soft":
				reach = d / 4
			case "softer":
				reach = d / 2
			}
			var sum [3]int
			n := 0
			for r := -reach; r <= reach; r++ {
				q := image.Pt(nx+dx*r, ny+dy*r)
				if !q.In(view.Rect) || q.In(fresh) {
					continue
				}
				c := view.NRGBAAt(q.X, q.Y)
				sum[0], sum[1], sum[2], n = sum[0]+int(c.R), sum[1]+int(c.G), sum[2]+int(c.B), n+1
			}
			at := view.PixOffset(x, y)
			for c := range 3 {
				view.Pix[at+c] = uint8(sum[c] / n)
			}
			view.Pix[at+3] = 255
		}
	}
	return view
}

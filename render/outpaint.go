package render

import (
	"image"
	"image/draw"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// openEdges are the sides of a placed image beyond which something is generated.
type openEdges struct{ left, above, right, below bool }

// placeOnCanvas puts an image where the Spec says on a canvas of the Spec's size. Outside, its edge pixels are
// repeated, so that the model begins with these colours below the noise.
func placeOnCanvas(img image.Image, s picture.Spec) *image.NRGBA {
	if s.Init.Placement == nil {
		return fit(img, s.Width, s.Height)
	}
	at := rectangle(*s.Init.Placement)
	inside := fit(img, at.Dx(), at.Dy())
	canvas := image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height))
	for i := range s.Width * s.Height {
		x, y := i%s.Width, i/s.Width
		nearX, nearY := min(max(x-at.Min.X, 0), at.Dx()-1), min(max(y-at.Min.Y, 0), at.Dy()-1)
		canvas.SetNRGBA(x, y, inside.NRGBAAt(nearX, nearY))
	}
	return canvas
}

func rectangle(p picture.Placement) image.Rectangle {
	return image.Rect(p.X, p.Y, p.X+p.Width, p.Y+p.Height)
}

// outpaintRegion is the region outside of a placed image. It fades into the image along its open edges, so that the
// join is regenerated too and no seam shows. A mask adds its own part; it may be nil.
func outpaintRegion(s picture.Spec, mask *image.NRGBA, factor int) region {
	at := rectangle(*s.Init.Placement)
	open := openEdges{at.Min.X > 0, at.Min.Y > 0, at.Max.X < s.Width, at.Max.Y < s.Height}
	band := max(min(at.Dx(), at.Dy())/6, 2*factor)
	r := region{pixels: image.NewGray(image.Rect(0, 0, s.Width, s.Height))}
	for i := range r.pixels.Pix {
		r.pixels.Pix[i] = uint8(255 - 255*min(open.depth(at, i%s.Width, i/s.Width), band)/band)
	}
	if mask != nil {
		soft := image.NewGray(r.pixels.Rect)
		draw.Draw(soft, at, blur(toGrey(mask), maskBlur), image.Point{}, draw.Src)
		for i, v := range soft.Pix {
			r.pixels.Pix[i] = max(r.pixels.Pix[i], v)
		}
	}
	r.overlay = image.NewGray(r.pixels.Rect)
	for i, v := range r.pixels.Pix {
		r.overlay.Pix[i] = 255 - v
	}
	r.latent = tensor.Scale(latentMeans(r.pixels, factor), 1./255)
	return r
}

// depth is how many pixels a point lies inside of the open edges: 0 outside, and very many where no edge is open.
func (e openEdges) depth(at image.Rectangle, x, y int) int {
	d := 1 << 20
	for _, side := range []struct {
		open bool
		in   int
	}{{e.left, x - at.Min.X}, {e.above, y - at.Min.Y}, {e.right, at.Max.X - 1 - x}, {e.below, at.Max.Y - 1 - y}} {
		if side.open {
			d = max(min(d, side.in), 0)
		}
	}
	return d
}

// latentMeans averages the pixels of each latent.
func latentMeans(grey *image.Gray, factor int) tensor.Tensor {
	all := tensor.New(1, 1, grey.Rect.Dy(), grey.Rect.Dx())
	for i, v := range grey.Pix {
		all.Data[i] = float32(v)
	}
	return tensor.AveragePool(all, factor)
}

package render

import (
	"image"
	"image/draw"
)

// edgeBand is how many pixels of the known ground the fresh ground takes its first colours from.
const edgeBand = 4

// fillFresh returns a window of the canvas whose fresh part continues the edge of what is known: the model begins with
// these colours below the noise. They blur along the edge with the distance, so that nothing that touches the edge
// becomes a streak, of which the model would make a subject.
func fillFresh(canvas *image.NRGBA, w groundWindow) *image.NRGBA {
	view := image.NewNRGBA(image.Rectangle{Max: w.at.Size()})
	draw.Draw(view, view.Rect, canvas, w.at.Min, draw.Src)
	fresh := w.fresh.Sub(w.at.Min)
	edge := w.edge(view)
	for y := fresh.Min.Y; y < fresh.Max.Y; y++ {
		for x := fresh.Min.X; x < fresh.Max.X; x++ {
			along, distance := w.fromEdge(x, y)
			reach := 4 + 3*distance/4
			c := mean(edge, along-reach, along+reach)
			at := view.PixOffset(x, y)
			for i := range c {
				view.Pix[at+i] = uint8(c[i] + 0.5)
			}
			view.Pix[at+3] = 255
		}
	}
	return view
}

// joinBlur is how many pixels to both sides a difference along the edge is averaged over.
const joinBlur = 4

// joinGround copies what was painted of a window onto the canvas. A decoder does not return what the encoder was given,
// so the known ground and the rendered one differ a little at their edge; the fresh ground takes that difference over,
// less and less with the distance.
func joinGround(canvas, painted *image.NRGBA, w groundWindow) {
	view := image.NewNRGBA(painted.Rect)
	draw.Draw(view, view.Rect, canvas, w.at.Min, draw.Src)
	known, decoded := w.edge(view), w.edge(painted)
	for i := range known {
		for c := range 3 {
			known[i][c] -= decoded[i][c]
		}
	}
	fresh := w.fresh.Sub(w.at.Min)
	depth := fresh.Dx()
	if w.side >= above {
		depth = fresh.Dy()
	}
	for y := fresh.Min.Y; y < fresh.Max.Y; y++ {
		for x := fresh.Min.X; x < fresh.Max.X; x++ {
			along, distance := w.fromEdge(x, y)
			off := mean(known, along-joinBlur, along+joinBlur)
			share := 1 - float64(distance)/float64(depth+1)
			from, to := painted.PixOffset(x, y), canvas.PixOffset(w.at.Min.X+x, w.at.Min.Y+y)
			for c := range 3 {
				v := float64(painted.Pix[from+c]) + share*off[c] + 0.5
				canvas.Pix[to+c] = uint8(max(0, min(255, v)))
			}
			canvas.Pix[to+3] = 255
		}
	}
}

// colour is red, green and blue from 0 to 255.
type colour [3]float64

// edge returns the mean colours of the known ground along the fresh part of a window, one for each pixel of the edge.
func (w groundWindow) edge(view *image.NRGBA) []colour {
	fresh := w.fresh.Sub(w.at.Min)
	long := fresh.Dy()
	if w.side >= above {
		long = fresh.Dx()
	}
	out := make([]colour, long)
	for i := range out {
		for d := range edgeBand {
			at := image.Pt(fresh.Min.X-1-d, fresh.Min.Y+i)
			switch w.side {
			case left:
				at.X = fresh.Max.X + d
			case above:
				at = image.Pt(fresh.Min.X+i, fresh.Max.Y+d)
			case below:
				at = image.Pt(fresh.Min.X+i, fresh.Min.Y-1-d)
			}
			p := view.PixOffset(at.X, at.Y)
			for c := range 3 {
				out[i][c] += float64(view.Pix[p+c]) / edgeBand
			}
		}
	}
	return out
}

// fromEdge returns where along the edge a fresh pixel of the window lies, and how many pixels away from it.
func (w groundWindow) fromEdge(x, y int) (along, distance int) {
	fresh := w.fresh.Sub(w.at.Min)
	switch w.side {
	case left:
		return y - fresh.Min.Y, fresh.Max.X - x
	case right:
		return y - fresh.Min.Y, x - fresh.Min.X + 1
	case above:
		return x - fresh.Min.X, fresh.Max.Y - y
	default:
		return x - fresh.Min.X, y - fresh.Min.Y + 1
	}
}

// mean is the mean of the colours from one place to another, as far as there are any.
func mean(all []colour, from, to int) colour {
	var out colour
	from, to = max(from, 0), min(to, len(all)-1)
	for _, c := range all[from : to+1] {
		for i := range out {
			out[i] += c[i] / float64(to-from+1)
		}
	}
	return out
}

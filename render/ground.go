package render

import (
	"image"

	"darkroom/render/picture"
)

// groundWindow is one step of rendering around a placed image.
type groundWindow struct {
	at    image.Rectangle // of a size that the model knows, on the canvas
	fresh image.Rectangle // the part of it that is rendered; the rest is there already
	side  side            // of what is there already on which the fresh part lies
}

// freshShare is which part of a window is rendered at most, along the axis that it moves on: a quarter. In half of it a
// model often renders its subject once more.
const freshShare = 4

// side is one side of what is there already.
type side int

const (
	left side = iota
	right
	above
	below
)

// groundWindows plans the windows that render a canvas around what is known of it: first the sides, then above and
// below. A window shows at least as much known ground as it paints, so that the model sees what it continues. All sides
// are multiples of grid, and the window is no larger than what is known.
func groundWindows(canvas, known image.Rectangle, window picture.Size, grid int) []groundWindow {
	var all []groundWindow
	for known != canvas {
		for s, room := range []int{
			known.Min.X - canvas.Min.X, canvas.Max.X - known.Max.X, known.Min.Y - canvas.Min.Y, canvas.Max.Y - known.Max.Y,
		} {
			if side(s) >= above && (known.Min.X > canvas.Min.X || known.Max.X < canvas.Max.X) {
				break // the sides first
			}
			across := window.Width
			if side(s) >= above {
				across = window.Height
			}
			depth := min(room, max(across/freshShare/grid, 1)*grid)
			if depth > 0 { // a side that is done has no room
				all = append(all, stripWindows(known, side(s), depth, window, grid)...)
				known = grown(known, side(s), depth)
			}
		}
	}
	return all
}

// grown is what is known after a strip was rendered along one side.
func grown(known image.Rectangle, s side, depth int) image.Rectangle {
	switch s {
	case left:
		known.Min.X -= depth
	case right:
		known.Max.X += depth
	case above:
		known.Min.Y -= depth
	case below:
		known.Max.Y += depth
	}
	return known
}

// stripWindows are the windows that render a strip along one side. Each shows a quarter of the one before, which it
// continues.
func stripWindows(known image.Rectangle, s side, depth int, window picture.Size, grid int) []groundWindow {
	after := grown(known, s, depth)
	var all []groundWindow
	if s <= right {
		x := after.Min.X
		if s == right {
			x = after.Max.X - window.Width
		}
		for y := known.Min.Y; y < known.Max.Y; {
			top := max(min(y-window.Height/freshShare/grid*grid, known.Max.Y-window.Height), known.Min.Y)
			at := image.Rect(x, top, x+window.Width, top+window.Height)
			fresh := image.Rect(known.Max.X, y, after.Max.X, at.Max.Y)
			if s == left {
				fresh = image.Rect(after.Min.X, y, known.Min.X, at.Max.Y)
			}
			all, y = append(all, groundWindow{at, fresh, s}), at.Max.Y
		}
		return all
	}
	y := after.Min.Y
	if s == below {
		y = after.Max.Y - window.Height
	}
	for x := known.Min.X; x < known.Max.X; {
		start := max(min(x-window.Width/freshShare/grid*grid, known.Max.X-window.Width), known.Min.X)
		at := image.Rect(start, y, start+window.Width, y+window.Height)
		fresh := image.Rect(x, known.Max.Y, at.Max.X, after.Max.Y)
		if s == above {
			fresh = image.Rect(x, after.Min.Y, at.Max.X, known.Min.Y)
		}
		all, x = append(all, groundWindow{at, fresh, s}), at.Max.X
	}
	return all
}

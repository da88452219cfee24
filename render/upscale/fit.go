package upscale

import (
	"cmp"
	"image"
	"math"
)

// The tiles of a network. Real-ESRGAN's RRDBNet looks far: what it makes of a place changes by half a level when
// something 50 pixels away does. An overlap of 64, of which each tile's outer third does not count, keeps borders
// unseen; A1111's 8 and Real-ESRGAN's 10 do not. docs/upscalers.md has measurements.
const (
	overlap   = 64
	maxTile   = 512 // larger ones gain nothing
	smallTile = 64  // below it nearly all would be overlap
)

// defaultMemory is what a run of a network may take, in bytes.
const defaultMemory = 1 << 30

func (o Options) memory() int64 { return cmp.Or(max(o.Memory, 0), defaultMemory) }

// padded is the size of an image with sides that the network takes.
func padded(network Upscaler, size image.Point) (width, height int) {
	m := max(network.Multiple(), 1)
	width, height = (size.X+m-1)/m*m, (size.Y+m-1)/m*m
	w, h := network.Tile()
	return max(width, w), max(height, h)
}

// leastTile is the smallest side of a tile.
func leastTile(network Upscaler) int {
	m := max(network.Multiple(), 1)
	return (smallTile + m - 1) / m * m
}

// tilingOf is the tiling of an image for a network whose run takes no more than some memory, if a tile of the least size
// does. An image that fits as a whole is one tile.
func tilingOf(network Upscaler, size image.Point, memory int64) Tiling {
	t := Tiling{Multiple: max(network.Multiple(), 1)}
	if t.Width, t.Height = network.Tile(); t.Width == 0 {
		t.Width, t.Height = padded(network, size)
		pixels := float64(memory) / max(network.BytesPerPixel(), 1)
		if float64(t.Width*t.Height) > min(pixels, maxTile*maxTile) {
			side := int(math.Sqrt(min(pixels, maxTile*maxTile))) / t.Multiple * t.Multiple
			t.Width = max(side, leastTile(network))
			t.Height = t.Width
		}
	}
	t.Overlap = min(overlap, min(t.Width, t.Height)/2)
	t.Margin = t.Overlap / 3
	return t
}

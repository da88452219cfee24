package upscale

import (
	"cmp"
	"image"
	"math"
)

// The tiles of a network. A1111's overlap of 8 (ESRGAN_tile_overlap) and Real-ESRGAN's of 10 leave seams with networks
// that look farther. With 32, of which each tile's outer quarter does not count, borders are as strong as elsewhere:
// docs/upscalers.md has measurements.
const (
	overlap   = 32
	margin    = overlap / 4
	maxTile   = 512 // larger ones gain nothing
	smallTile = 64  // below it nearly all would be overlap
)

// defaultMemory is what a run of a network may take, in bytes.
const defaultMemory = 1 << 30

func (o Options) memory() int64 { return cmp.Or(max(o.Memory, 0), defaultMemory) }

// padded is the size of an image with sides that the network takes.
func (t Traits) padded(size image.Point) (width, height int) {
	m := max(t.Multiple, 1)
	width, height = (size.X+m-1)/m*m, (size.Y+m-1)/m*m
	return max(width, t.Tile.X), max(height, t.Tile.Y)
}

// leastTile is the smallest side of a tile.
func (t Traits) leastTile() int {
	m := max(t.Multiple, 1)
	return (smallTile + m - 1) / m * m
}

// tilingOf is the tiling of an image for a network whose run takes no more than some memory, if a tile of the least
// size does. An image that fits as a whole is one tile.
func tilingOf(network Traits, size image.Point, memory int64) Tiling {
	t := Tiling{Overlap: overlap, Margin: margin, Multiple: max(network.Multiple, 1)}
	width, height := network.padded(size)
	if network.Tile.X > 0 {
		t.Width, t.Height = network.Tile.X, network.Tile.Y
		t.Overlap = min(overlap, min(t.Width, t.Height)/2)
		t.Margin = t.Overlap / 4
		return t
	}
	pixels := min(float64(memory)/max(network.BytesPerPixel, 1), maxTile*maxTile)
	if float64(width*height) <= pixels {
		t.Width, t.Height = width, height
		return t
	}
	side := max(int(math.Sqrt(pixels))/t.Multiple*t.Multiple, network.leastTile())
	t.Width, t.Height = t.even(width, side), t.even(height, side)
	return t
}

// even is the side of as few tiles as cover a length with tiles of at most a side, all of them as small as they can
// be.
func (t Tiling) even(length, side int) int {
	if length <= side {
		return length
	}
	n := (length - t.Overlap + side - t.Overlap - 1) / (side - t.Overlap)
	least := (length + (n-1)*t.Overlap + n - 1) / n
	return min((least+t.Multiple-1)/t.Multiple*t.Multiple, side)
}

package vp8l

import "slices"

// grouping divides tiles by what they cost: smooth ones and rough ones have codes of their own.
type grouping struct {
	count int
	bound []int    // the highest cost of each group but the last
	of    []uint16 // of each tile
	w     int      // of the image
	tiles tiles
}

const (
	// mostGroups bounds how many groups there are.
	mostGroups = 8
	// groupPixels is how many pixels a group must have, so that its codes cost less than they gain.
	groupPixels = 1 << 14
)

// newGrouping makes groups of about as many tiles each.
func newGrouping(all []tile, w, h int) grouping {
	g := grouping{count: 1, w: w, tiles: tilesOf(w, h)}
	costs := make([]int, len(all))
	for i, t := range all {
		costs[i] = t.cost
	}
	slices.Sort(costs)
	n := min(mostGroups, w*h/groupPixels)
	for i := 1; i < n; i++ {
		if c := costs[i*len(costs)/n]; c < costs[len(costs)-1] && (len(g.bound) == 0 || c > g.bound[len(g.bound)-1]) {
			g.bound = append(g.bound, c)
		}
	}
	g.count = len(g.bound) + 1
	for _, t := range all {
		g.of = append(g.of, uint16(g.groupOf(t)))
	}
	return g
}

// groupOf is the group of a tile.
func (g grouping) groupOf(t tile) uint32 {
	i, _ := slices.BinarySearch(g.bound, t.cost)
	return uint32(i)
}

// at is the group of a pixel.
func (g grouping) at(i int) int {
	if g.count == 1 {
		return 0
	}
	return int(g.of[i/g.w>>tileBits*g.tiles.across+i%g.w>>tileBits])
}

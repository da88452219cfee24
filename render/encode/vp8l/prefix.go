package vp8l

import (
	"math/bits"
	"slices"
)

const (
	maxLength     = 15 // of a code, in bits
	maxMetaLength = 7  // of a code for lengths of codes
)

// prefixCode is a canonical prefix code: of each symbol its length in bits, 0 for one that never comes, and its code
// with the first bit lowest.
type prefixCode struct {
	lengths []uint8
	codes   []uint16
}

// newPrefixCode makes the code of symbols that come so often, with codes of at most so many bits. A symbol that comes
// alone has a code of no bits.
func newPrefixCode(counts []uint32, most uint8) prefixCode {
	c := prefixCode{lengths: make([]uint8, len(counts)), codes: make([]uint16, len(counts))}
	for least := uint32(1); ; least *= 2 { // rare symbols count for more, until no code is too long
		if c.measure(counts, least) <= most {
			break
		}
	}
	c.assign()
	return c
}

// node is a node of Huffman's tree.
type node struct {
	weight uint64
	symbol int // of a leaf; else -1
	a, b   int // the nodes below
}

// measure sets the lengths by Huffman's algorithm and returns the longest.
func (c *prefixCode) measure(counts []uint32, least uint32) (longest uint8) {
	var nodes []node
	for s, n := range counts {
		if n > 0 {
			nodes = append(nodes, node{weight: uint64(max(n, least)), symbol: s})
		}
	}
	slices.SortStableFunc(nodes, func(a, b node) int {
		if a.weight < b.weight {
			return -1
		} else if a.weight > b.weight {
			return 1
		}
		return 0
	})
	leaves := len(nodes)
	if leaves == 0 {
		return 0
	}
	leaf, inner := 0, leaves // the lightest of both lists come next: inner nodes are made in the order of their weights
	next := func() int {
		if leaf < leaves && (inner >= len(nodes) || nodes[leaf].weight <= nodes[inner].weight) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for range leaves - 1 {
		a, b := next(), next()
		nodes = append(nodes, node{nodes[a].weight + nodes[b].weight, -1, a, b})
	}
	depths := make([]uint8, len(nodes))
	for i := len(nodes) - 1; i >= leaves; i-- {
		depths[nodes[i].a], depths[nodes[i].b] = depths[i]+1, depths[i]+1
	}
	for i, n := range nodes[:leaves] {
		c.lengths[n.symbol], longest = max(depths[i], 1), max(longest, depths[i])
	}
	return longest
}

// assign gives the codes: shorter ones first, then lower symbols.
func (c *prefixCode) assign() {
	code := uint16(0)
	for length := uint8(1); length <= maxLength; length++ {
		for s, l := range c.lengths {
			if l == length {
				c.codes[s] = bits.Reverse16(code) >> (16 - length)
				code++
			}
		}
		code <<= 1
	}
	if used := c.used(); len(used) == 1 {
		c.codes[used[0]] = 0
	}
}

// used lists the symbols that have a code.
func (c *prefixCode) used() (all []int) {
	for s, l := range c.lengths {
		if l > 0 {
			all = append(all, s)
		}
	}
	return all
}

// bitsOf is the width of each symbol's code as it is written: a symbol that comes alone needs no bits.
func (c *prefixCode) bitsOf() []uint {
	out := make([]uint, len(c.lengths))
	if len(c.used()) > 1 {
		for s, l := range c.lengths {
			out[s] = uint(l)
		}
	}
	return out
}

// metaOrder is the order in which the lengths of the codes for lengths are written. Source: the specification, 6.2.1.
var metaOrder = [...]int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// The symbols of lengths that repeat.
const (
	repeatLast  = 16 // the length before, 3 to 6 times
	repeatZeros = 17 // no code, 3 to 10 times
	repeatMany  = 18 // no code, 11 to 138 times
)

// writeTo writes the code itself.
func (c *prefixCode) writeTo(b *bitWriter) {
	used := c.used()
	if len(used) <= 2 && (len(used) == 0 || used[len(used)-1] < 256) {
		writeSimple(b, used)
		return
	}
	b.put(0, 1)
	tokens := c.tokens()
	var counts [len(metaOrder)]uint32
	for _, t := range tokens {
		counts[t.symbol]++
	}
	meta := newPrefixCode(counts[:], maxMetaLength)
	n := len(metaOrder)
	for n > 4 && meta.lengths[metaOrder[n-1]] == 0 {
		n--
	}
	b.put(uint32(n-4), 4)
	for _, s := range metaOrder[:n] {
		b.put(uint32(meta.lengths[s]), 3)
	}
	b.put(0, 1) // the lengths of all symbols follow
	widths := meta.bitsOf()
	for _, t := range tokens {
		b.put(uint32(meta.codes[t.symbol]), widths[t.symbol])
		b.put(t.extra, t.extraBits)
	}
}

// writeSimple writes a code of at most two symbols below 256. A code without symbols is that of symbol 0.
func writeSimple(b *bitWriter, used []int) {
	if len(used) == 0 {
		used = []int{0}
	}
	b.put(1, 1)
	b.put(uint32(len(used)-1), 1)
	if used[0] < 2 {
		b.put(0, 1)
		b.put(uint32(used[0]), 1)
	} else {
		b.put(1, 1)
		b.put(uint32(used[0]), 8)
	}
	if len(used) == 2 {
		b.put(uint32(used[1]), 8)
	}
}

// token is a length of a code, or a repetition of lengths.
type token struct {
	symbol    int
	extra     uint32
	extraBits uint
}

// tokens are the lengths as they are written.
func (c *prefixCode) tokens() (all []token) {
	last := uint8(8) // before the first length. Source: the specification, 6.2.1
	for at := 0; at < len(c.lengths); {
		length := c.lengths[at]
		run := 1
		for at+run < len(c.lengths) && c.lengths[at+run] == length {
			run++
		}
		at += run
		for run > 0 {
			t, n := nextToken(length, last, run)
			all = append(all, t)
			run -= n
			if length > 0 {
				last = length
			}
		}
	}
	return all
}

// nextToken writes the first n lengths of a run.
func nextToken(length, last uint8, run int) (t token, n int) {
	switch {
	case length == 0 && run >= 11:
		n = min(run, 138)
		return token{repeatMany, uint32(n - 11), 7}, n
	case length == 0 && run >= 3:
		n = min(run, 10)
		return token{repeatZeros, uint32(n - 3), 3}, n
	case length > 0 && length == last && run >= 3:
		n = min(run, 6)
		return token{repeatLast, uint32(n - 3), 2}, n
	}
	return token{symbol: int(length)}, 1
}

package vp8l

// bitWriter packs bits, the lowest first.
type bitWriter struct {
	out  []byte
	held uint64
	n    uint // bits in held
}

// put writes the lowest n bits of v, at most 32.
func (b *bitWriter) put(v uint32, n uint) {
	b.held |= uint64(v) << b.n
	for b.n += n; b.n >= 8; b.n -= 8 {
		b.out = append(b.out, byte(b.held))
		b.held >>= 8
	}
}

// bytes returns all that was written, filled up to a whole byte.
func (b *bitWriter) bytes() []byte {
	if b.n > 0 {
		b.out = append(b.out, byte(b.held))
		b.held, b.n = 0, 0
	}
	return b.out
}

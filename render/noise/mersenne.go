package noise

// The 32-bit Mersenne Twister of Matsumoto and Nishimura (1998), MT19937.
const (
	words   = 624        // n: words of state
	middle  = 397        // m: distance of the word that is mixed in
	twist   = 0x9908b0df // a: the twist matrix's last row
	upper   = 0x80000000 // the upper bit of a word
	initial = 1812433253 // Knuth's multiplier, which spreads the seed over the state
)

// mersenne is the generator behind torch's CPU random numbers.
type mersenne struct {
	state [words]uint32
	next  int
}

// newMersenne seeds the state as torch.manual_seed does: only the low 32 bits of a seed count.
func newMersenne(seed int64) *mersenne {
	m := &mersenne{next: words}
	m.state[0] = uint32(seed)
	for i := 1; i < words; i++ {
		last := m.state[i-1]
		m.state[i] = initial*(last^last>>30) + uint32(i)
	}
	return m
}

func (m *mersenne) refill() {
	for i := range m.state {
		y := m.state[i]&upper | m.state[(i+1)%words]&^upper
		v := m.state[(i+middle)%words] ^ y>>1
		if y&1 == 1 {
			v ^= twist
		}
		m.state[i] = v
	}
	m.next = 0
}

func (m *mersenne) uint32() uint32 {
	if m.next == words {
		m.refill()
	}
	y := m.state[m.next]
	m.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// uint64 joins two draws, the first one above.
func (m *mersenne) uint64() uint64 {
	high := uint64(m.uint32())
	return high<<32 | uint64(m.uint32())
}

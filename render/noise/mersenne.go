package noise

// The 32-bit Mersenne Twister of Matsumoto and Nishimura (1998), MT19937.
const (
	stateWords     = 624        // n: words of state
	mixDistance    = 397        // m: distance of the word that is mixed in
	twist          = 0x9908b0df // a: the twist matrix's last row
	upperBit       = 0x80000000 // the upper bit of a word
	seedMultiplier = 1812433253 // Knuth's multiplier, which spreads the seed over the state
)

// mersenne is the generator behind torch's CPU random numbers.
type mersenne struct {
	state [stateWords]uint32
	next  int
}

// newMersenne seeds the state as torch.manual_seed does: only the low 32 bits of a seed count.
func newMersenne(seed int64) *mersenne {
	m := &mersenne{next: stateWords}
	m.state[0] = uint32(seed)
	for i := 1; i < stateWords; i++ {
		last := m.state[i-1]
		m.state[i] = seedMultiplier*(last^last>>30) + uint32(i)
	}
	return m
}

func (m *mersenne) refill() {
	for i := range m.state {
		y := m.state[i]&upperBit | m.state[(i+1)%stateWords]&^upperBit
		v := m.state[(i+mixDistance)%stateWords] ^ y>>1
		if y&1 == 1 {
			v ^= twist
		}
		m.state[i] = v
	}
	m.next = 0
}

func (m *mersenne) uint32() uint32 {
	if m.next == stateWords {
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

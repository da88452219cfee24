package noise

// The constants of numpy's SeedSequence (numpy/random/bit_generator.pyx), after O'Neill's seed_seq alternatives.
const (
	hashInitA, hashMultA = 0x43b0d7e5, 0x931e8875
	hashInitB, hashMultB = 0x8b51f9dd, 0x58f38ded
	mixLeft, mixRight    = 0xca01f9dd, 0x4973f715
	poolSize             = 24
)

// hasher scrambles words, each with the next of its multipliers.
type hasher struct{ constant, step uint32 }

func (h *hasher) next(word uint32) uint32 {
	word ^= h.constant
	h.constant *= h.step
	word *= h.constant
	return word ^ word>>16
}

func mix(a, b uint32) uint32 {
	m := a*mixLeft - b*mixRight
	return m ^ m>>16
}

// seedSequence is numpy.random.SeedSequence(seed, spawn_key=spawn, pool_size=24).generate_state(n).
func seedSequence(seed int64, spawn []uint64, n int) []uint32 {
	entropy := words32(uint64(seed))
	if len(spawn) > 0 {
		for len(entropy) < poolSize {
			entropy = append(entropy, 0)
		}
		for _, key := range spawn {
			entropy = append(entropy, words32(key)...)
		}
	}
	pool := mixPool(entropy)
	out := make([]uint32, n)
	h := hasher{hashInitB, hashMultB}
	for i := range out {
		out[i] = h.next(pool[i%poolSize])
	}
	return out
}

// words32 splits a number into its 32-bit words, the lowest first; zero is one word.
func words32(n uint64) []uint32 {
	if n>>32 == 0 {
		return []uint32{uint32(n)}
	}
	return []uint32{uint32(n), uint32(n >> 32)}
}

func mixPool(entropy []uint32) [poolSize]uint32 {
	h := hasher{hashInitA, hashMultA}
	var pool [poolSize]uint32
	for i := range pool {
		word := uint32(0)
		if i < len(entropy) {
			word = entropy[i]
		}
		pool[i] = h.next(word)
	}
	for from := range pool {
		for to := range pool {
			if from != to {
				pool[to] = mix(pool[to], h.next(pool[from]))
			}
		}
	}
	for _, word := range entropy[min(poolSize, len(entropy)):] {
		for to := range pool {
			pool[to] = mix(pool[to], h.next(word))
		}
	}
	return pool
}

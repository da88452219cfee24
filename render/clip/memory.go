package clip

import (
	"encoding/binary"
	"sync"

	"darkroom/render/tensor"
)

// maxMemories is how many chunks are remembered: a few prompts with their negatives (each about 240 KB for CLIP-L).
const maxMemories = 64

// memory keeps the hidden states of the chunks used last.
type memory struct {
	mu     sync.Mutex
	clock  int64 // counts uses
	states map[string]remembered
}

type remembered struct {
	read tensor.Encoded
	used int64
}

// memoryKey names a chunk: its ids and the layers skipped.
func memoryKey(ids []int32, skip int) string {
	key := binary.LittleEndian.AppendUint32(nil, uint32(skip))
	for _, id := range ids {
		key = binary.LittleEndian.AppendUint32(key, uint32(id))
	}
	return string(key)
}

func (m *memory) find(key string) (tensor.Encoded, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.states[key]
	if ok {
		m.clock++
		r.used = m.clock
		m.states[key] = r
	}
	return r.read, ok
}

// keep remembers a chunk, forgetting the one used longest ago when there are too many.
func (m *memory) keep(key string, read tensor.Encoded) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock++
	m.states[key] = remembered{read, m.clock}
	if len(m.states) <= maxMemories {
		return
	}
	oldest, at := "", m.clock
	for k, r := range m.states {
		if r.used < at {
			oldest, at = k, r.used
		}
	}
	delete(m.states, oldest)
}

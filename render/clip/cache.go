package clip

import (
	"encoding/binary"
	"sync"

	"darkroom/render/tensor"
)

// maxCachedStates is how many chunks are cached: a few prompts with their negatives (each about 240 KB for CLIP-L).
const maxCachedStates = 64

// stateCache keeps the hidden states of the chunks used last.
type stateCache struct {
	mu     sync.Mutex
	clock  int64 // counts uses
	states map[string]cachedState
}

type cachedState struct {
	encoding tensor.TextEncoding
	used     int64
}

// cacheKey names a chunk: its ids and the layers skipped.
func cacheKey(ids []int32, skip int) string {
	key := binary.LittleEndian.AppendUint32(nil, uint32(skip))
	for _, id := range ids {
		key = binary.LittleEndian.AppendUint32(key, uint32(id))
	}
	return string(key)
}

func (m *stateCache) get(key string) (tensor.TextEncoding, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.states[key]
	if ok {
		m.clock++
		r.used = m.clock
		m.states[key] = r
	}
	return r.encoding, ok
}

// put caches a chunk, and drops the least recently used one when there are too many.
func (m *stateCache) put(key string, read tensor.TextEncoding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock++
	m.states[key] = cachedState{read, m.clock}
	if len(m.states) <= maxCachedStates {
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

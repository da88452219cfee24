package onnx

import "time"

// Ran is how long the networks have run inside ONNX Runtime since the model was loaded. The rest of an image's time is
// darkroom's own. Concurrent runs count each.
func (m *Model) Ran() time.Duration {
	total := time.Duration(0)
	for _, s := range m.sessions() {
		total += time.Duration(s.ran.Load())
	}
	return total + m.seamless.denoise.ran() + m.seamless.encode.ran()
}

func (t *lazyModel) ran() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.model == nil {
		return 0
	}
	return t.model.Ran()
}

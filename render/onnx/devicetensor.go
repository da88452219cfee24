package onnx

import (
	"fmt"

	"darkroom/render/mapped"
	"darkroom/render/onnx/capi"
	"darkroom/render/onnx/graph"
)

// deviceTensor is a tensor in a device's memory, which several networks may read.
type deviceTensor struct {
	*capi.Value
	memory *deviceMemory
	key    tensorKey // zero for one that nobody shares
	users  int       // guarded by memory.mu
}

// tensorKey tells tensors of files apart.
type tensorKey struct {
	file           string // see mapped.File.Identity
	offset, length int64
	kind           graph.Type // on the device
	shape          string
}

// share returns the tensor of a key, made by create if there is none. The caller releases it.
func (m *deviceMemory) share(key tensorKey, create func() (*capi.Value, error)) (*deviceTensor, error) {
	m.mu.Lock()
	if t := m.shared[key]; t != nil {
		t.users++
		m.mu.Unlock()
		return t, nil
	}
	m.mu.Unlock()
	made, err := create() // without the lock, which copying takes
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.shared[key]; t != nil { // somebody else was faster
		made.Release()
		t.users++
		return t, nil
	}
	t := &deviceTensor{Value: made, memory: m, key: key, users: 1}
	m.shared[key] = t
	return t, nil
}

// release frees the tensor with its last user.
func (t *deviceTensor) release() {
	t.memory.mu.Lock()
	defer t.memory.mu.Unlock()
	if t.users--; t.users > 0 {
		return
	}
	if t.memory.shared[t.key] == t {
		delete(t.memory.shared, t.key)
	}
	t.Value.Release()
}

// keyOf is the key of a weight as it lies in its file.
func keyOf(x graph.ExposedWeight, f *mapped.File, shape []int) tensorKey {
	return tensorKey{f.Identity(), x.Offset, x.Length, x.Type, fmt.Sprint(shape)}
}

package onnx

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/capi"
	"darkroom/render/onnx/graph"
)

// resident says whether a device's networks are fed from its own memory: weights are copied there once, and bound to
// all sessions that read them.
func (d Device) resident() bool { return d.Kind == CUDA || d.Kind == CPU && d.Resident }

// OwnMemory says whether the device's networks hold memory of its own, which is counted: see Model.DeviceBytes.
func (d Device) OwnMemory() bool { return d.resident() }

// halves says whether networks that the program writes compute in float16.
func (d Device) halves() bool { return d.Kind != CPU || d.Resident && d.KeepFloat16 }

// memory is the device's memory, and the runtime's name of what runs on it.
func (d Device) memory() (m capi.Memory, provider string) {
	if d.Kind == CUDA {
		return capi.Memory{Name: "Cuda", ID: d.Index}, "CUDAExecutionProvider"
	}
	return capi.Host, "CPUExecutionProvider"
}

// deviceMemory is what all networks on one device share: an arena, the tensors that lie in it, and sessions that copy
// tensors into it and out of it. Its methods may be called concurrently.
type deviceMemory struct {
	device Device
	users  int // networks

	mu      sync.Mutex // guards the fields below
	copiers map[[2]graph.Type]*copier
	shared  map[tensorKey]*deviceTensor

	arenas map[capi.Session]*arenaShare // of sessions with an arena of their own

	capture sync.RWMutex // held for writing while a CUDA graph is recorded: nothing else may run on the device then
	thread  lockedThread // that records and replays them
}

// deviceMemories are those of this process.
var deviceMemories = struct {
	sync.Mutex
	byDevice map[Device]*deviceMemory
	sharing  map[capi.Memory]*deviceMemory // whose arena new sessions get
}{byDevice: map[Device]*deviceMemory{}, sharing: map[capi.Memory]*deviceMemory{}}

// acquireMemory returns the memory of a device for one more network. The arena is made with the first one, and given
// back with the last. The caller releases it.
func acquireMemory(d Device) (*deviceMemory, error) {
	key := Device{Kind: d.Kind, Index: d.Index, Resident: d.Resident, MemoryLimit: d.MemoryLimit}
	deviceMemories.Lock()
	defer deviceMemories.Unlock()
	if m := deviceMemories.byDevice[key]; m != nil {
		m.users++
		return m, nil
	}
	if err := d.usable(); err != nil {
		return nil, err
	}
	if d.Kind != CPU {
		defer guardSignals()()
	}
	memory, provider := d.memory()
	if err := errors.Join(capi.Open(openedLibrary()), capi.ShareArena(provider, memory, d.MemoryLimit)); err != nil {
		return nil, fmt.Errorf("device %s: %w", d, err)
	}
	m := &deviceMemory{
		device: key, users: 1, copiers: map[[2]graph.Type]*copier{}, shared: map[tensorKey]*deviceTensor{},
		arenas: map[capi.Session]*arenaShare{},
	}
	deviceMemories.byDevice[key], deviceMemories.sharing[memory] = m, m
	return m, nil
}

// usable says what is wrong with a device, in the words of its options.
func (d Device) usable() error {
	o, err := d.options()
	if err != nil {
		return err
	}
	return o.Destroy()
}

// release gives the memory back with the last network.
func (m *deviceMemory) release() error {
	deviceMemories.Lock()
	defer deviceMemories.Unlock()
	if m.users--; m.users > 0 {
		return nil
	}
	delete(deviceMemories.byDevice, m.device)
	m.thread.stop()
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, c := range m.copiers {
		errs = append(errs, c.close())
	}
	memory, _ := m.device.memory()
	if deviceMemories.sharing[memory] == m {
		delete(deviceMemories.sharing, memory)
		errs = append(errs, capi.UnshareArena(memory))
	}
	return errors.Join(errs...)
}

// useArena has a session take its memory from the shared arena.
func useArena(o *ort.SessionOptions) error {
	return o.AddSessionConfigEntry("session.use_env_allocators", "1")
}

// newTensor takes memory of the device for a tensor whose numbers are not set. The caller releases it.
func (m *deviceMemory) newTensor(kind graph.Type, shape []int) (*capi.Value, error) {
	c, err := m.copier(kind, kind)
	if err != nil {
		return nil, err
	}
	return c.allocator.New(int(kind), shape)
}

// upload copies numbers into the device's memory, in another element type where the two differ. The caller releases the
// tensor.
func (m *deviceMemory) upload(from graph.Type, shape []int, data []byte, to graph.Type) (*capi.Value, error) {
	c, err := m.copier(from, to)
	if err != nil {
		return nil, err
	}
	made, err := c.allocator.New(int(to), shape)
	if err != nil || len(data) == 0 {
		return made, err
	}
	source, err := capi.Wrap(int(from), shape, data)
	if err == nil {
		err = m.copy(c, made, source)
		source.Release()
	}
	if err != nil {
		made.Release()
		return nil, err
	}
	return made, nil
}

// move copies a tensor to another one of the same type and shape; either may lie on the device.
func (m *deviceMemory) move(kind graph.Type, to, from *capi.Value) error {
	c, err := m.copier(kind, kind)
	if err != nil {
		return err
	}
	return m.copy(c, to, from)
}

func (m *deviceMemory) copy(c *copier, to, from *capi.Value) error {
	m.capture.RLock()
	defer m.capture.RUnlock()
	return c.copy(to, from)
}

// copier returns the session that copies between two element types.
func (m *deviceMemory) copier(from, to graph.Type) (*copier, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]graph.Type{from, to}
	if m.copiers[key] == nil {
		c, err := openCopier(m.device, from, to)
		if err != nil {
			return nil, fmt.Errorf("copies from %v to %v: %w", from, to, err)
		}
		m.copiers[key] = c
	}
	return m.copiers[key], nil
}

// usage reads how much of the device's memory the arenas hold.
func (m *deviceMemory) usage() (capi.Stats, error) {
	c, err := m.copier(graph.Float, graph.Float)
	if err != nil {
		return capi.Stats{}, err
	}
	total, err := c.allocator.Stats()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.arenas {
		s, err2 := a.allocator.Stats()
		total.InUse, total.Allocated, err = total.InUse+s.InUse, total.Allocated+s.Allocated, errors.Join(err, err2)
	}
	return total, err
}

// arenaShare is a model's share of a session's own arena, which counts for the device's memory.
type arenaShare struct {
	memory    *deviceMemory
	session   capi.Session
	allocator *capi.Allocator
	users     int // guarded by memory.mu
}

// shareArena counts the arena of a session once for all models that share it. The caller releases its share before it
// releases the session.
func (m *deviceMemory) shareArena(s capi.Session) (*arenaShare, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arenas[s] == nil {
		memory, _ := m.device.memory()
		a, err := capi.NewAllocator(s, memory)
		if err != nil {
			return nil, err
		}
		m.arenas[s] = &arenaShare{memory: m, session: s, allocator: a}
	}
	m.arenas[s].users++
	return m.arenas[s], nil
}

func (a *arenaShare) release() {
	if a == nil {
		return
	}
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	if a.users--; a.users == 0 {
		delete(a.memory.arenas, a.session)
		a.allocator.Release()
	}
}

// shrink gives back to the device what the arena holds and nobody uses. The runtime does that at the end of a run.
func (m *deviceMemory) shrink() error {
	c, err := m.copier(graph.Float, graph.Float)
	if err != nil {
		return err
	}
	kind := "cpu"
	if m.device.Kind == CUDA {
		kind = "gpu"
	}
	m.capture.RLock()
	defer m.capture.RUnlock()
	return c.shrink(kind + ":" + strconv.Itoa(m.device.Index))
}

// DeviceBytes is how much memory the networks of all models hold on this one's device, in bytes: weights, and what runs
// have needed since ShrinkMemory. It is 0 where nobody counts, as on the CPU.
func (m *Model) DeviceBytes() (int64, error) {
	memory := m.unet.bound.memory
	if memory == nil {
		return 0, nil
	}
	s, err := memory.usage()
	return s.Allocated, err
}

// ShrinkMemory gives the device back what no network uses. It may be called while others run.
func (m *Model) ShrinkMemory() error {
	memory := m.unet.bound.memory
	if memory == nil {
		return nil
	}
	return memory.shrink()
}

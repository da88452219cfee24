package onnx

import (
	"errors"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/capi"
	"darkroom/render/onnx/graph"
)

// copier is a session that copies a tensor, between this machine's memory and a device's, or within one. The runtime has
// no call for that which all devices know; a network of one operation does it on each.
type copier struct {
	session   *ort.DynamicAdvancedSession
	allocator *capi.Allocator // of the device's memory

	mu      sync.Mutex // held by each copy
	binding *capi.Binding
}

func openCopier(d Device, from, to graph.Type) (_ *copier, err error) {
	d.Threads = 1
	options, err := d.options()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	if err := errors.Join(useArena(options), options.SetGraphOptimizationLevel(
		ort.GraphOptimizationLevelDisableAll)); err != nil {
		return nil, err
	}
	if d.Kind != CPU {
		defer guardSignals()()
	}
	c := &copier{}
	c.session, err = ort.NewDynamicAdvancedSessionWithONNXData(
		graph.CopyNetwork(from, to), []string{"x"}, []string{"y"}, options,
	)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(d); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *copier) prepare(d Device) error {
	address, err := sessionOf(c.session)
	if err != nil {
		return err
	}
	memory, _ := d.memory()
	if c.allocator, err = capi.NewAllocator(address, memory); err != nil {
		return err
	}
	c.binding, err = capi.NewBinding(address)
	return err
}

// copy copies the numbers of a tensor.
func (c *copier) copy(to, from *capi.Value) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run(to, from)
}

// shrink gives back unused memory of the session's arena, named as the runtime names it: "gpu:0".
func (c *copier) shrink(arena string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, err := capi.Wrap(int(graph.Float), []int{1}, make([]byte, 4))
	if err != nil {
		return err
	}
	defer from.Release()
	to, err := capi.Wrap(int(graph.Float), []int{1}, make([]byte, 4))
	if err != nil {
		return err
	}
	defer to.Release()
	return c.run(to, from, "memory.enable_memory_arena_shrinkage", arena)
}

// run runs the session with some options, each a key and its value.
func (c *copier) run(to, from *capi.Value, options ...string) error {
	o, err := capi.NewRunOptions()
	if err != nil {
		return err
	}
	defer o.Release()
	for i := 0; i < len(options); i += 2 {
		if err := o.Set(options[i], options[i+1]); err != nil {
			return err
		}
	}
	defer c.binding.Clear()
	if err := errors.Join(c.binding.Input("x", from), c.binding.Output("y", to)); err != nil {
		return err
	}
	if err := c.binding.Synchronize(); err != nil {
		return err
	}
	return c.binding.Run(o)
}

func (c *copier) close() error {
	c.binding.Release()
	c.allocator.Release()
	return c.session.Destroy()
}

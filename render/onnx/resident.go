package onnx

import (
	"context"
	"fmt"
	"sync"

	"darkroom/render/onnx/capi"
	"darkroom/render/onnx/graph"
)

// resident is how a session on a device is fed: from tensors in the device's memory, through bindings. Several runs at
// once each have a binding of their own.
type resident struct {
	memory  *deviceMemory
	session capi.Session
	inputs  []graph.Value // of a call, in the order of its feeds
	outputs []graph.Value
	tensors []boundTensor // what each run is fed besides: weights, and what add-ons change
	graphs  *graphReplays // nil for one whose steps are not replayed
	own     *arenaShare   // of a session with an arena of its own; else nil

	mu       sync.Mutex // guards bindings
	bindings []*runBinding
}

// boundTensor is a tensor of the device that an input always reads.
type boundTensor struct {
	name string
	*deviceTensor
}

// runBinding is a binding for one run at a time. It remembers which inputs are on the device already.
type runBinding struct {
	*capi.Binding
	stays map[string]feed // the inputs that were bound last, of those that repeat
}

// add binds a tensor to an input, for all runs. The resident releases it.
func (r *resident) add(name string, t *deviceTensor) {
	r.tensors = append(r.tensors, boundTensor{name, t})
}

// take returns a binding that nobody uses, with all tensors bound.
func (r *resident) take() (*runBinding, error) {
	r.mu.Lock()
	if n := len(r.bindings); n > 0 {
		b := r.bindings[n-1]
		r.bindings = r.bindings[:n-1]
		r.mu.Unlock()
		return b, nil
	}
	r.mu.Unlock()
	return r.bind()
}

func (r *resident) bind() (*runBinding, error) {
	b, err := capi.NewBinding(r.session)
	if err != nil {
		return nil, err
	}
	for _, t := range r.tensors {
		if err := b.Input(t.name, t.Value); err != nil {
			b.Release()
			return nil, err
		}
	}
	return &runBinding{b, map[string]feed{}}, nil
}

// giveBack keeps a binding for the next run. After a failure it is not used again.
func (r *resident) giveBack(b *runBinding, err error) {
	if err != nil {
		b.Release()
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bindings = append(r.bindings, b)
}

// run runs the session. When ctx ends, it stops at its next node and returns an error.
func (r *resident) run(ctx context.Context, inputs, outputs []feed) (err error) {
	if len(inputs) != len(r.inputs) || len(outputs) != len(r.outputs) {
		return fmt.Errorf("%d inputs and %d outputs, want %d and %d", len(inputs), len(outputs), len(r.inputs),
			len(r.outputs))
	}
	if r.graphs != nil {
		return r.graphs.run(ctx, inputs, outputs)
	}
	r.memory.capture.RLock()
	defer r.memory.capture.RUnlock()
	b, err := r.take()
	if err != nil {
		return err
	}
	defer func() { r.giveBack(b, err) }()
	if err := r.feed(b, inputs, outputs); err != nil {
		return err
	}
	return runBound(ctx, b.Binding)
}

// feed binds what a call brings. What is the same as in the call before stays on the device.
func (r *resident) feed(b *runBinding, inputs, outputs []feed) error {
	for i, f := range inputs {
		name := r.inputs[i].Name
		if f.repeats(b.stays[name]) {
			continue
		}
		delete(b.stays, name)
		if err := bindFeed(b.Input, name, f); err != nil {
			return err
		}
		if f.stays != nil {
			b.stays[name] = f.kept()
		}
	}
	for i, f := range outputs {
		if err := bindFeed(b.Output, r.outputs[i].Name, f); err != nil {
			return err
		}
	}
	return b.Synchronize()
}

func bindFeed(bind func(string, *capi.Value) error, name string, f feed) error {
	v, err := valueOf(f.value)
	if err != nil {
		return err
	}
	return bind(name, v)
}

// runBound runs a binding with options of its own, each a key and its value. When ctx ends, the run stops at its next
// node.
func runBound(ctx context.Context, b *capi.Binding, settings ...string) error {
	options, err := capi.NewRunOptions()
	if err != nil {
		return err
	}
	defer options.Release()
	for i := 0; i < len(settings); i += 2 {
		if err := options.Set(settings[i], settings[i+1]); err != nil {
			return err
		}
	}
	raised := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(raised)
		_ = options.Terminate() // it fails only on released options, and they are released after this
	})
	err = b.Run(options)
	if !unwatch() {
		<-raised
	}
	return err
}

// release frees bindings and tensors. No run may be under way.
func (r *resident) release() error {
	if r.graphs != nil {
		r.graphs.release()
	}
	r.own.release()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.bindings {
		b.Release()
	}
	for _, t := range r.tensors {
		t.release()
	}
	r.bindings, r.tensors = nil, nil
	return nil
}

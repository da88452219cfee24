package onnx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// ErrClosed says that the model was closed.
var ErrClosed = errors.New("the model is closed")

// session is one loaded network.
type session struct {
	path     string
	batch    int // how many items the network takes at once; 0 for any number
	ort      *ort.DynamicAdvancedSession
	bound    *binding     // what it is fed besides the inputs of a call, and what it holds
	widened  bool         // what is float16 in the file is float32 here
	warning  error        // why it stays float16 on a CPU; nil where it computes in float32
	cache    feedCache    // of inputs that repeat
	ran      atomic.Int64 // nanoseconds in the runtime
	firstRun sync.Once    // the first run on a GPU
	gpu      bool         // it runs on one
	running  sync.RWMutex // held for reading by every run, for writing by close
	closed   bool
}

// newSession loads a network on a device. Only here do graph and weights come together: by path, so that the runtime
// finds and maps weights beside the graph; or from an edited graph in memory, whose weights are still read from the
// files.
//
// A written network is opened with its weights as inputs, or packed where the device asks for that.
func newSession(n folder.Network, device Device) (*session, error) {
	if n.Written != nil {
		if device.Packed {
			return newPacked(n, device)
		}
		return newPlain(n, device)
	}
	s, err := newFromFile(n, device)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", n.Path, wrapMemoryError(err))
	}
	return s, nil
}

// newFromFile loads a network of an ONNX file, with its weights as constants.
func newFromFile(n folder.Network, device Device) (_ *session, err error) {
	s := &session{path: n.Path, batch: n.Inputs[0].Dims[0], gpu: device.Kind != CPU, bound: &binding{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.bound.release())
		}
	}()
	if err := s.bound.acquireMemory(device); err != nil {
		return nil, err
	}
	options, err := device.options()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	if device.resident() {
		if err := device.chooseArena(options); err != nil {
			return nil, err
		}
	}
	if s.gpu {
		defer guardSignals()()
	}
	if err := s.load(n, options, device); err != nil {
		return nil, err
	}
	s.bound.shared = &sharedSession{ort: s.ort, users: 1}
	return s, s.bound.makeResident(n, device, s.widened)
}

// load loads the network: on a CPU in float32, unless graph.Widen or the runtime refuses that. A lack of memory is not
// such a refusal: the model would generate other images until the next start.
func (s *session) load(n folder.Network, options *ort.SessionOptions, device Device) error {
	file, err := graph.ReadSkeleton(n.Path)
	if err != nil {
		return err
	}
	model := file.Model
	for _, edit := range n.Edits {
		if model, err = edit(model); err != nil {
			return err
		}
	}
	if device.Kind == CPU && !device.KeepFloat16 {
		wide, err := graph.Widen(model)
		if err == nil && !bytes.Equal(wide, model) {
			s.widened = true
			s.ort, err = openWidened(n, file, wide, options, device)
			if err == nil || errors.Is(wrapMemoryError(err), tensor.ErrOutOfMemory) {
				return err
			}
		}
		s.widened, s.warning = false, err
	}
	s.ort, err = openNetwork(n, file, model, options, device)
	return err
}

// openWidened opens a widened network. Where its weights stay in the file, each is cast in every run, since the runtime
// would otherwise fold the casts and keep twice the file in memory.
func openWidened(
	n folder.Network, file graph.Skeleton, model []byte, options *ort.SessionOptions, device Device,
) (*ort.DynamicAdvancedSession, error) {
	if device.Mapped {
		if err := options.AddSessionConfigEntry("optimization.disable_specified_optimizers", "ConstantFolding"); err != nil {
			return nil, err
		}
	}
	return openNetwork(n, file, model, options, device)
}

// openNetwork opens a network from its file, or from memory where it was edited or its weights stay in the file.
func openNetwork(
	n folder.Network, file graph.Skeleton, model []byte, options *ort.SessionOptions, device Device,
) (*ort.DynamicAdvancedSession, error) {
	model, err := graph.FuseAttention(model)
	if err != nil {
		return nil, err
	}
	if !device.Mapped && bytes.Equal(model, file.Model) {
		return ort.NewDynamicAdvancedSession(n.Path, valueNames(n.Inputs), valueNames(n.Outputs), options)
	}
	if err := options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", file.Dir); err != nil {
		return nil, err
	}
	return ort.NewDynamicAdvancedSessionWithONNXData(model, valueNames(n.Inputs), valueNames(n.Outputs), options)
}

func valueNames(values []graph.Value) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.Name
	}
	return all
}

// run runs the network on feeds. When ctx ends, it stops at the next node and returns the context's cause.
func (s *session) run(ctx context.Context, inputs, outputs []feed) (err error) {
	s.running.RLock()
	defer s.running.RUnlock()
	if s.closed {
		return ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("run %s: %v", s.path, p)
		}
	}()
	if err := s.bound.check(); err != nil {
		return fmt.Errorf("run %s: %w", s.path, err)
	}
	err = s.runCancellable(ctx, inputs, outputs)
	runtime.KeepAlive(inputs) // their memory is Go's, and the runtime used it until here
	runtime.KeepAlive(outputs)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("run %s: %w", s.path, wrapMemoryError(err))
}

func valuesOf(feeds []feed) []ort.Value {
	values := make([]ort.Value, len(feeds))
	for i, f := range feeds {
		values[i] = f.value
	}
	return values
}

// runCancellable runs the network on values in this machine's memory, or as a device is fed.
func (s *session) runCancellable(ctx context.Context, inputs, outputs []feed) error {
	defer s.guard()()
	began := time.Now()
	defer func() { s.ran.Add(int64(time.Since(began))) }()
	if r := s.bound.resident; r != nil {
		return r.run(ctx, inputs, outputs)
	}
	return s.runOnValues(ctx, append(valuesOf(inputs), s.bound.values...), valuesOf(outputs))
}

// runOnValues uses run options of its own, since a raised stop flag would stay raised for the next run.
func (s *session) runOnValues(ctx context.Context, inputs, outputs []ort.Value) error {
	options, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	raised := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(raised)
		_ = options.Terminate() // it fails only on destroyed options, and they are destroyed after this
	})
	err = s.ort.RunWithOptions(inputs, outputs, options)
	if !unwatch() {
		<-raised
	}
	return errors.Join(err, options.Destroy())
}

// guard guards the first run on a GPU, which loads more of the driver; see guardSignals.
func (s *session) guard() (restore func()) {
	restore = func() {}
	if s.gpu {
		s.firstRun.Do(func() { restore = guardSignals() })
	}
	return restore
}

func (s *session) isClosed() bool {
	s.running.RLock()
	defer s.running.RUnlock()
	return s.closed
}

// close waits for running calls and frees the network.
func (s *session) close() error {
	if s == nil {
		return nil
	}
	s.running.Lock()
	defer s.running.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.bound.release()
}

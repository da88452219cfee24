package onnx

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"darkroom/render/onnx/capi"
	"darkroom/render/onnx/graph"
)

// graphReplays runs a network's steps as CUDA graphs: the runtime records the work of a run once, and replays it as a
// whole. That saves the time of starting some thousand pieces of work one by one, which a fast GPU waits for.
//
// What it demands, as ONNX Runtime 1.24 has it (inference_session.cc, cuda_execution_provider.cc, cuda_graph.cc):
//
//   - A replay reads and writes the addresses of the recorded run, whatever is bound. So each shape has tensors of its
//     own on the device, which what a call brings is copied into. A change of shape records anew, under another number.
//   - No operation runs on the CPU, but those that compute shapes: a session is refused otherwise.
//   - A recording belongs to the thread that made it. So all runs are made on one.
//   - While it is recorded, nothing else may take memory of the device or synchronize with it. So nothing else runs.
//   - It works in memory that the session's arena has at that time, and that counts as free between runs. So the session
//     has an arena of its own, which nothing else takes from and nobody shrinks.
//   - It is freed with its session only. So a session records maxRecordings at most; later shapes run without.
//   - It cannot be stopped. So a stop comes into effect between two steps.
//
// Networks with add-ons are run without: their factors lie elsewhere for each combination.
type graphReplays struct {
	*resident
	recordings *recordings

	mu     sync.Mutex // one run at a time
	shapes []*replayedShape
}

const (
	maxRecordings = 16 // of a session
	maxShapes     = 4  // whose tensors a network keeps on the device
)

// recordings counts those of a session, which several models may share.
type recordings struct {
	mu   sync.Mutex
	made int
}

// next is the number of the next recording; -1 stands for a run without.
func (r *recordings) next() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == maxRecordings {
		return -1
	}
	r.made++
	return r.made
}

// replayedShape is what one shape of inputs is run on.
type replayedShape struct {
	key             string
	recording       int
	recorded        bool
	inputs, outputs []*capi.Value
	binding         *runBinding
}

func (s *replayedShape) release() {
	s.binding.Release()
	for _, v := range slices.Concat(s.inputs, s.outputs) {
		v.Release()
	}
}

// run runs the network. When ctx ends before the work is recorded, it stops at its next node.
func (g *graphReplays) run(ctx context.Context, inputs, outputs []feed) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.shape(inputs, outputs)
	if err != nil {
		return err
	}
	for i, f := range inputs {
		if err := g.fill(s, i, f); err != nil {
			return err
		}
	}
	if err := g.memory.thread.do(func() error { return g.replay(ctx, s) }); err != nil {
		return err
	}
	for i, f := range outputs {
		v, err := valueOf(f.value)
		if err == nil {
			err = g.memory.move(g.outputs[i].Type, v, s.outputs[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replay replays the work of a shape, or has it recorded.
func (g *graphReplays) replay(ctx context.Context, s *replayedShape) error {
	lock := sync.Locker(&g.memory.capture)
	if s.recorded || s.recording < 0 {
		lock = g.memory.capture.RLocker()
	}
	lock.Lock()
	defer lock.Unlock()
	err := runBound(ctx, s.binding.Binding, "gpu_graph_id", strconv.Itoa(s.recording))
	if err != nil && !s.recorded && s.recording >= 0 && ctx.Err() == nil {
		s.recording = -1
		return fmt.Errorf("record a CUDA graph (leave out --cuda-graphs to do without): %w", err)
	}
	s.recorded = s.recorded || err == nil
	return err
}

// fill copies what a call brings into the tensor of an input, unless that has it.
func (g *graphReplays) fill(s *replayedShape, i int, f feed) error {
	name := g.inputs[i].Name
	if f.repeats(s.binding.stays[name]) {
		return nil
	}
	delete(s.binding.stays, name)
	v, err := valueOf(f.value)
	if err == nil {
		err = g.memory.move(g.inputs[i].Type, s.inputs[i], v)
	}
	if err == nil && f.stays != nil {
		s.binding.stays[name] = f.kept()
	}
	return err
}

// shape returns what the shapes of feeds are run on. Those that were used longest ago make room.
func (g *graphReplays) shape(inputs, outputs []feed) (*replayedShape, error) {
	key := ""
	for _, f := range slices.Concat(inputs, outputs) {
		key += fmt.Sprint(f.value.GetShape())
	}
	if i := slices.IndexFunc(g.shapes, func(s *replayedShape) bool { return s.key == key }); i >= 0 {
		found := g.shapes[i]
		g.shapes = append(slices.Delete(g.shapes, i, i+1), found)
		return found, nil
	}
	if len(g.shapes) == maxShapes {
		g.shapes[0].release()
		g.shapes = slices.Delete(g.shapes, 0, 1)
	}
	s, err := g.newShape(key, inputs, outputs)
	if err == nil {
		g.shapes = append(g.shapes, s)
	}
	return s, err
}

func (g *graphReplays) newShape(key string, inputs, outputs []feed) (_ *replayedShape, err error) {
	s := &replayedShape{key: key, recording: g.recordings.next()}
	if s.binding, err = g.bind(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	for i, f := range inputs {
		v, err := g.newBuffer(g.inputs[i], f)
		if err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, v)
		if err := s.binding.Input(g.inputs[i].Name, v); err != nil {
			return nil, err
		}
	}
	for i, f := range outputs {
		v, err := g.newBuffer(g.outputs[i], f)
		if err != nil {
			return nil, err
		}
		s.outputs = append(s.outputs, v)
		if err := s.binding.Output(g.outputs[i].Name, v); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (g *graphReplays) newBuffer(port graph.Value, f feed) (*capi.Value, error) {
	var shape []int
	for _, d := range f.value.GetShape() {
		shape = append(shape, int(d))
	}
	return g.memory.newTensor(port.Type, shape)
}

func (g *graphReplays) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.shapes {
		s.release()
	}
	g.shapes = nil
}

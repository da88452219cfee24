// Package trace follows an image through a network without running it: which shape comes out, how much memory it takes
// on the way, and how much work it is. Networks that do not fit together, or have operations that image networks do
// not have, are found before anything is loaded.
package trace

import (
	"errors"
	"fmt"
	"slices"

	"darkroom/render/onnx/graph"
)

// Trace is what a run of a network would be.
type Trace struct {
	Output []int // the shape of the one output
	Peak   int64 // numbers of activations that are held at once, at most
	Work   int64 // multiplications of convolutions and matrices
}

// Follow follows a shape from the only input of a network to its only output. Weights need not be there in full: see
// graph.ReadSkeleton. The error names the operation.
func Follow(c graph.Contents, input []int) (Trace, error) {
	if len(c.Inputs) != 1 || len(c.Outputs) != 1 {
		return Trace{}, fmt.Errorf("%d inputs and %d outputs, want one of each", len(c.Inputs), len(c.Outputs))
	}
	if len(c.Others) > 0 {
		return Trace{}, fmt.Errorf("the network has %s, which is not read", c.Others[0])
	}
	t := tracer{values: map[string]value{}, live: map[string]int64{}, readers: readers(c)}
	for name, w := range c.Weights {
		t.values[name] = value{dims: w.Dims, kind: w.Type, numbers: w.Numbers, constant: true}
	}
	t.values[c.Inputs[0].Name] = value{dims: input, kind: c.Inputs[0].Type}
	t.hold(c.Inputs[0].Name)
	for _, n := range c.Nodes {
		if err := t.follow(n); err != nil {
			return Trace{}, fmt.Errorf("%s: %w", label(n), err)
		}
	}
	out, made := t.values[c.Outputs[0].Name]
	if !made {
		return Trace{}, fmt.Errorf("nothing makes the output %q", c.Outputs[0].Name)
	}
	t.Output = out.dims
	return t.Trace, nil
}

// label names an operation in messages.
func label(n graph.Node) string {
	if n.Name == "" {
		return "an operation " + short(n.Op)
	}
	return fmt.Sprintf("the operation %s (%s)", short(n.Op), short(n.Name))
}

// short bounds a name of a file in a message.
func short(name string) string {
	const most = 60
	if len(name) > most {
		name = name[:most] + "…"
	}
	return fmt.Sprintf("%q", name)
}

// readers counts how often each value is read. The network's output is read once more than that.
func readers(c graph.Contents) map[string]int {
	all := map[string]int{c.Outputs[0].Name: 1}
	for _, n := range c.Nodes {
		for _, in := range n.In {
			all[in]++
		}
	}
	return all
}

// tracer is the state of a walk.
type tracer struct {
	Trace
	values  map[string]value
	live    map[string]int64 // numbers of activations that are held, by name
	held    int64            // their sum
	readers map[string]int   // that are still to come
}

// maxNumbers bounds the numbers of one value, far above any image: beyond it no machine could run the network.
const maxNumbers = 1 << 38

// follow takes one operation.
func (t *tracer) follow(n graph.Node) error {
	rule, known := rules[n.Op]
	if !known || n.Domain != "" && n.Domain != "ai.onnx" && n.Domain != "com.microsoft" {
		return errors.New("networks that enlarge images do not have it, so it is not run")
	}
	o, constant := operation{Node: n, work: &t.Work}, true
	for _, name := range n.In {
		v, made := t.values[name]
		if name != "" && !made {
			return fmt.Errorf("it reads %s before it is made: a cycle, or operations out of order", short(name))
		}
		o.in = append(o.in, v)
		constant = constant && (v.constant || name == "")
	}
	outputs, err := rule(o)
	if err != nil {
		return err
	}
	if len(outputs) < len(slices.DeleteFunc(slices.Clone(n.Out), func(name string) bool { return name == "" })) {
		return fmt.Errorf("it has %d outputs", len(n.Out))
	}
	for i := range outputs {
		outputs[i].constant = constant
	}
	return t.put(n, outputs)
}

// put notes what an operation makes, and what is not needed any more.
func (t *tracer) put(n graph.Node, outputs []value) error {
	before := t.held
	for i, name := range n.Out {
		if name == "" {
			continue
		}
		if _, twice := t.values[name]; twice {
			return fmt.Errorf("%s is made twice", short(name))
		}
		if count, ok := outputs[i].count(); !ok || count > maxNumbers {
			return fmt.Errorf("it makes a value of the shape %v, which no machine can hold", outputs[i].dims)
		}
		t.values[name] = outputs[i]
		t.hold(name)
	}
	freed := t.release(n)
	peak := t.held + freed
	if inPlace[n.Op] && freed >= t.held+freed-before { // it writes over what nobody else reads
		peak = before
	}
	t.Peak = max(t.Peak, peak)
	return nil
}

// hold counts an activation in.
func (t *tracer) hold(name string) {
	v := t.values[name]
	if count, _ := v.count(); !v.constant && t.readers[name] > 0 {
		t.live[name] = count
		t.held += count
	}
}

// release counts out what an operation was the last to read.
func (t *tracer) release(n graph.Node) (freed int64) {
	for _, name := range n.In {
		if t.readers[name]--; t.readers[name] == 0 {
			freed += t.live[name]
			t.held -= t.live[name]
			delete(t.live, name)
		}
	}
	return freed
}

package onnx

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// newWeighted opens a network whose weights are inputs, changed by add-ons: its session is shared with all networks of
// the same graph. A network in an ONNX file is opened so for add-ons only.
func newWeighted(n folder.Network, device Device, changes tensor.Changes) (*session, error) {
	o := device.writeOptions()
	o.Branches, o.Hypernets = true, hypernetShapes(changes.Hypernets)
	o.Constants = o.Constants && n.Written != nil && len(changes.Weights) == 0
	return openWeighted(n, device, changes, o)
}

// writeOptions say how networks are written for a device.
func (d Device) writeOptions() graph.WriteOptions {
	r := d.resident()
	return graph.WriteOptions{
		Float16: d.halves(), Converted: r, NoResize: r,
		// Where an input would be sent to the device in every run, weights are constants.
		Constants: d.Kind != CPU && !r,
	}
}

// newPlain opens a written network without places for add-ons: half of the inputs, and a graph that is ready in half of
// the time.
func newPlain(n folder.Network, device Device) (*session, error) {
	return openWeighted(n, device, tensor.Changes{}, device.writeOptions())
}

// newPacked opens a written network with its weights as constants, which the runtime copies into a layout for this
// processor. It takes no add-ons.
func newPacked(n folder.Network, device Device) (*session, error) {
	o := device.writeOptions()
	o.Constants = true
	return openWeighted(n, device, tensor.Changes{}, o)
}

func openWeighted(
	n folder.Network, device Device, changes tensor.Changes, o graph.WriteOptions,
) (_ *session, err error) {
	w, err := n.Expose(device.Kind == CPU && !device.KeepFloat16, o)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", n.Path, err)
	}
	b := &binding{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("load %s: %w", n.Path, wrapMemoryError(err)), b.release())
		}
	}()
	if err := b.acquireMemory(device); err != nil {
		return nil, err
	}
	dir := ""
	for _, f := range w.Files { // a network's constants lie in one folder
		dir = filepath.Dir(f.Path)
	}
	b.shared, err = acquireSession(sessionKey(w, o, device), func() (*ort.DynamicAdvancedSession, error) {
		return openGraph(w.Model, inputNames(n, w, o), valueNames(n.Outputs), dir, device, o.Constants, n.Written != nil)
	})
	if err != nil {
		return nil, err
	}
	if err := b.makeResident(n, device, w.Widened); err != nil {
		return nil, err
	}
	if err := b.bind(w, o.Constants, changes); err != nil {
		return nil, err
	}
	s := &session{
		path: n.Path, batch: n.Inputs[0].Dims[0], gpu: device.Kind != CPU, widened: w.Widened, ort: b.shared.ort, bound: b,
	}
	runtime.AddCleanup(s, func(b *binding) { _ = b.release() }, b) // of a model with add-ons that nobody uses any more
	return s, nil
}

// inputNames lists the session's inputs: those of a call, and those of a binding.
func inputNames(n folder.Network, w folder.Weighted, o graph.WriteOptions) []string {
	names := valueNames(n.Inputs)
	if !o.Constants {
		for _, x := range w.Weights {
			names = append(names, x.Name)
		}
	}
	for _, x := range w.Branches {
		names = append(names, x.Down.Name, x.Up.Name)
	}
	for _, x := range w.Hypernets {
		names = append(names, x.Name)
	}
	if w.ExtraRows.Name != "" {
		names = append(names, w.ExtraRows.Name)
	}
	return names
}

// sessionKey tells sessions apart: by their graph and their device. Constants lie in one model's files.
func sessionKey(w folder.Weighted, o graph.WriteOptions, device Device) string {
	if o.Constants {
		return ""
	}
	return fmt.Sprintf("%x %s %d %v %d %v", sha256.Sum256(w.Model), device, device.Threads, device.Resident,
		device.MemoryLimit, device.Graphs)
}

// openGraph opens a graph in memory. Constants lie in files of the folder dir.
func openGraph(
	model []byte, inputs, outputs []string, dir string, device Device, constants, written bool,
) (_ *ort.DynamicAdvancedSession, err error) {
	device.Mapped = !constants // of weights that are inputs nothing can be packed
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
	if written && !constants {
		// Written graphs have fused operations already. Looking for more would take half of the time until a model is ready.
		if err := options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelDisableAll); err != nil {
			return nil, err
		}
	}
	if device.Kind != CPU {
		defer guardSignals()()
	}
	if constants {
		err := options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", dir)
		if err != nil {
			return nil, err
		}
	}
	return ort.NewDynamicAdvancedSessionWithONNXData(model, inputs, outputs, options)
}

//go:build cgo

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/pipeline"
)

// checkRendering checks what a renderer needs: the runtime library, the device, the model folders and the CLIP.
func checkRendering(r config.Runtime, clip config.CLIP) []finding {
	found := []finding{checkRuntime(r)}
	if found[0].fix == "" {
		found = append(found, checkDevice(r))
	}
	return append(append(found, checkModels(r)...), checkCLIP(r, clip))
}

// checkCLIP opens what compares images with texts. Nothing of it is loaded.
func checkCLIP(r config.Runtime, c config.CLIP) finding {
	const subject = "clip"
	m, err := pipeline.Directory(r.ModelsDir).OpenCLIP(c.Path, nil)
	if err != nil {
		return broken(subject, err, "name another one with --clip, or none for the demo model's; docs/clip.md says what is read")
	}
	parts := append([]string{fmt.Sprintf("%s, %s, %d numbers, %s", m.Name, size(m.Bytes), m.Width, m.Path)}, m.Notes...)
	return healthy(subject, "%s", strings.Join(parts, "; "))
}

func checkRuntime(r config.Runtime) finding {
	const subject = "onnx runtime"
	lib, err := onnx.FindLibrary(r.Ort)
	if err == nil {
		err = onnx.Open(lib)
	}
	if err != nil {
		return broken(subject, err, "run `make runtime`, or name a library with --ort or ONNXRUNTIME_LIB")
	}
	return healthy(subject, "%s, %s", onnx.Version(), lib)
}

// checkDevice opens the device: a library for the CPU alone does not know a GPU.
func checkDevice(r config.Runtime) finding {
	const subject = "device"
	if err := device(r).Check(); err != nil {
		return broken(subject, err, "name a GPU build of the library with --ort, or use --device cpu")
	}
	return healthy(subject, "%s", r.Device)
}

// checkModels says what lies in the models folder: a line for each model, one for all add-ons, one for each fault.
func checkModels(r config.Runtime) []finding {
	const subject = "model"
	v, err := pipeline.Directory(r.ModelsDir).Inventory(nil)
	if err != nil {
		return []finding{broken(subject, err, "let this user write in its cache directory")}
	}
	var all []finding
	addons := map[inventory.Kind]int{}
	for _, e := range v.Entries() {
		switch {
		case e.State != inventory.Ready && e.State != inventory.Unhashed:
		case e.Model == nil:
			addons[e.Kind]++
		default:
			parts := []string{fmt.Sprintf("%s, %s, %s, %s, %s",
				e.Model.Name, describeEntry(e), size(e.Bytes), needs(e, r), e.Path)}
			for _, note := range pipeline.Notes(e.Model) {
				parts = append(parts, labelled(e.Model, note))
			}
			all = append(all, healthy(subject, "%s", strings.Join(parts, "; ")))
		}
	}
	var counts []string
	for _, kind := range slices.Sorted(maps.Keys(addons)) {
		counts = append(counts, fmt.Sprintf("%d of kind %s", addons[kind], kindInWords(kind)))
	}
	if len(counts) > 0 {
		all = append(all, healthy("add-ons", "%s", strings.Join(counts, ", ")))
	}
	if p := v.Progress(); !p.Done() {
		all = append(all, healthy("hashes", "%s hashed; a running renderer hashes the others", p))
	}
	all = append(all, healthy("memory", "%s", memoryInWords(r)))
	for _, err := range v.Faults() {
		all = append(all, broken(faultSubject(v, err), err,
			"put a whole model or add-on there, or remove it from "+r.ModelsDir))
	}
	return all
}

// faultSubject tells whether a fault is that of an add-on.
func faultSubject(v *inventory.Inventory, fault error) string {
	for _, e := range v.Entries() {
		if e.Err != nil && !e.Kind.IsModel() && errors.Is(fault, e.Err) {
			return kindInWords(e.Kind)
		}
	}
	return "model"
}

// memoryInWords says how much loaded models may hold.
func memoryInWords(r config.Runtime) string {
	budget := pipeline.NewPool(pipeline.PoolOptions{Device: device(r), Memory: int64(r.Memory)}).Memory()
	if budget == 0 {
		return "one model is loaded at a time; --memory keeps several"
	}
	return size(budget) + " for loaded models"
}

//go:build cgo

package main

import (
	"fmt"
	"strings"

	"darkroom/config"
	"darkroom/render/onnx"
	"darkroom/render/pipeline"
)

// checkRendering checks what a renderer needs: the runtime library, the device and the model folders.
func checkRendering(r config.Runtime) []finding {
	found := []finding{checkRuntime(r)}
	if found[0].fix == "" {
		found = append(found, checkDevice(r))
	}
	return append(found, checkModels(r)...)
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

func checkModels(r config.Runtime) []finding {
	const subject = "model"
	folders, faults := pipeline.Directory(r.ModelsDir).OpenAll()
	var all []finding
	for _, f := range folders {
		state := fmt.Sprintf("%s, %s, %d MiB, %s", f.Name, pipeline.Describe(f.Config), f.Bytes>>20, f.Dir)
		if notes := pipeline.Notes(f); len(notes) > 0 {
			state += "; not followed: " + strings.Join(notes, "; ")
		}
		all = append(all, healthy(subject, "%s", state))
	}
	for _, err := range faults {
		all = append(all, broken(subject, err, "put a whole model folder there, or remove it from "+r.ModelsDir))
	}
	return all
}

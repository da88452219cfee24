//go:build cgo

package main

import (
	"darkroom/config"
	"darkroom/render/onnx"
)

// buildNote says what kind of build this is.
const buildNote = ""

// renderCommands lists the subcommands that need the ONNX Runtime binding, and so a C compiler at build time.
func renderCommands() map[string]command {
	return map[string]command{
		"compare":       compare,
		"draw":          draw,
		"up":            up,
		"renderer":      renderer,
		"models list":   listModels,
		"models check":  checkModelFiles,
		"models import": importModels,
		"models remove": removeModel,
	}
}

// openRuntime loads the ONNX Runtime library into this process.
func openRuntime(r config.Runtime) error {
	lib, err := onnx.FindLibrary(r.Ort)
	if err != nil {
		return err
	}
	return onnx.Open(lib)
}

// device is what the settings ask to render on.
func device(r config.Runtime) onnx.Device {
	return onnx.Device{
		Kind: r.Device.Kind, Index: r.Device.Index, Threads: r.Threads, Mapped: r.Prefer == "start",
		Packed: r.Prefer == "steps",
	}
}

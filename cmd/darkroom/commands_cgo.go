//go:build cgo

package main

// buildNote says what kind of build this is.
const buildNote = ""

// renderCommands lists the subcommands that need the ONNX Runtime binding, and so a C compiler at build time.
func renderCommands() map[string]command {
	return map[string]command{
		"draw":          draw,
		"up":            up,
		"renderer":      renderer,
		"models list":   listModels,
		"models check":  checkModelFiles,
		"models pull":   pullModel,
		"models import": importModels,
		"models remove": removeModel,
	}
}

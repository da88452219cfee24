//go:build cgo

package main

// built says what kind of build this is.
const built = ""

// painting lists the subcommands that need the ONNX Runtime binding, and so a C compiler at build time.
func painting() map[string]command {
	return map[string]command{
		"draw":         draw,
		"up":           up,
		"renderer":     renderer,
		"models list":  listModels,
		"models check": checkModelFolders,
	}
}

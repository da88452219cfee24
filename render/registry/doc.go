// Package registry finds package files where pip and npm would find them: by their environment variables, then by their
// own settings, then in the public registries. It fetches only small documents that list files. Nothing from a package
// is run.
//
//	s := registry.System()
//	address, err := s.Wheel(ctx, get, "onnxruntime", "onnxruntime-1.24.3-….whl")
//
// An address may hold the credentials that the tools' settings have: print it with download.Redacted only.
package registry

package onnx

import (
	"fmt"
	"strings"

	"darkroom/render/tensor"
)

// wrapMemoryError marks the runtime's errors that mean out of memory. The runtime has no code for them, only texts.
func wrapMemoryError(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ToLower(err.Error())
	for _, words := range []string{
		"failed to allocate memory",   // the runtime's own arena
		"bad allocation", "bad_alloc", // C++
		"out of memory",                   // CUDA
		"alloc_failed",                    // cuBLAS, cuDNN
		"available memory of",             // an arena at its limit
		"cudaerrormemoryallocation",       // CUDA, by name
		"failed to allocate", "mmap fail", // mapped weights
	} {
		if strings.Contains(text, words) {
			return fmt.Errorf("%w: %w", tensor.ErrOutOfMemory, err)
		}
	}
	return err
}

//go:build !linux

package onnx

import (
	"fmt"
	"runtime"
)

// loadCUDALibraries has nothing to open: NVIDIA supports its cards on Linux and Windows alone.
func loadCUDALibraries() error { return fmt.Errorf("there is no CUDA for %s", runtime.GOOS) }

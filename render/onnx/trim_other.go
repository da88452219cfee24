//go:build !linux

package onnx

// trimHeap does nothing: other systems' allocators return memory on their own.
func trimHeap() {}

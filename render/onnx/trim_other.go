//go:build !linux

package onnx

// trimHeap does nothing: other systems' allocators return memory by themselves.
func trimHeap() {}

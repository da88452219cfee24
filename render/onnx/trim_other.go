//go:build !linux

package onnx

// giveBack does nothing: other systems' allocators return memory by themselves.
func giveBack() {}

//go:build !linux

package onnx

// guardSignals does nothing: GPUs are used on Linux only.
func guardSignals() (restore func()) { return func() {} }

// Package capi calls what the Go binding of ONNX Runtime lacks of its C API: values in a device's memory, bindings of
// such values that can be run with options (so that a run can be stopped), and arenas of memory that sessions share.
//
// It makes no sessions: those are the binding's, and come in by their address (Session). Its functions want an open
// runtime (Open), and say so otherwise.
package capi

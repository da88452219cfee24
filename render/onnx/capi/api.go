package capi

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// ErrNotOpen says that Open was not called, or did not succeed.
var ErrNotOpen = errors.New("the C API of ONNX Runtime is not open")

// opened is the API of this process.
var opened struct {
	sync.Mutex
	env *C.OrtEnv // the runtime's one environment; nil until opened
}

// Open finds the API in the runtime's library, which the binding has loaded from that path. A second call does nothing.
func Open(library string) error {
	opened.Lock()
	defer opened.Unlock()
	if opened.env != nil {
		return nil
	}
	name := C.CString(library)
	defer C.free(unsafe.Pointer(name))
	if wrong := C.capi_open(name); wrong != nil {
		return fmt.Errorf("ONNX Runtime's C API: %s", C.GoString(wrong))
	}
	var env *C.OrtEnv
	if err := check(C.capi_CreateEnv(&env)); err != nil { // the one that the binding made, counted once more
		return fmt.Errorf("ONNX Runtime's C API: %w", err)
	}
	opened.env = env
	return nil
}

// environment is the runtime's environment.
func environment() (*C.OrtEnv, error) {
	opened.Lock()
	defer opened.Unlock()
	if opened.env == nil {
		return nil, ErrNotOpen
	}
	return opened.env, nil
}

// check makes an error of a status, and frees it.
func check(status *C.OrtStatus) error {
	if status == nil {
		return nil
	}
	defer C.capi_ReleaseStatus(status)
	return errors.New(C.GoString(C.capi_GetErrorMessage(status)))
}

// Session is the address of a session, which the binding keeps alive.
type Session unsafe.Pointer

// RunOptions are options of one run.
type RunOptions struct{ options *C.OrtRunOptions }

// NewRunOptions makes options; the caller releases them.
func NewRunOptions() (*RunOptions, error) {
	if _, err := environment(); err != nil {
		return nil, err
	}
	o := &RunOptions{}
	if err := check(C.capi_CreateRunOptions(&o.options)); err != nil {
		return nil, fmt.Errorf("run options: %w", err)
	}
	return o, nil
}

// Set sets an option by its name in onnxruntime_run_options_config_keys.h.
func (o *RunOptions) Set(key, value string) error {
	k, v := C.CString(key), C.CString(value)
	defer C.free(unsafe.Pointer(k))
	defer C.free(unsafe.Pointer(v))
	if err := check(C.capi_AddRunConfigEntry(o.options, k, v)); err != nil {
		return fmt.Errorf("run option %s: %w", key, err)
	}
	return nil
}

// Terminate ends the run that has these options at its next node. It may be called from any goroutine.
func (o *RunOptions) Terminate() error { return check(C.capi_RunOptionsSetTerminate(o.options)) }

// Release frees the options.
func (o *RunOptions) Release() {
	if o.options != nil {
		C.capi_ReleaseRunOptions(o.options)
		o.options = nil
	}
}

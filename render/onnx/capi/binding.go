package capi

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Binding is what a session is run on: a value for each input and output. One run at a time may use it. The caller
// releases it before the session ends.
type Binding struct {
	session *C.OrtSession
	binding *C.OrtIoBinding
}

// NewBinding makes a binding without values.
func NewBinding(s Session) (*Binding, error) {
	b := &Binding{session: (*C.OrtSession)(s)}
	if err := check(C.capi_CreateIoBinding(b.session, &b.binding)); err != nil {
		return nil, fmt.Errorf("binding: %w", err)
	}
	return b, nil
}

// Input binds a value. One that lies in another memory than the session reads is copied there now; see Synchronize. One
// that lies in the session's own is read at each run, and its memory stays for as long as it is bound, whoever releases
// the value.
func (b *Binding) Input(name string, v *Value) error {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	if err := check(C.capi_BindInput(b.binding, n, v.value)); err != nil {
		return fmt.Errorf("bind %s: %w", name, err)
	}
	return nil
}

// Output binds a value that a run writes.
func (b *Binding) Output(name string, v *Value) error {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	if err := check(C.capi_BindOutput(b.binding, n, v.value)); err != nil {
		return fmt.Errorf("bind %s: %w", name, err)
	}
	return nil
}

// Synchronize waits until the inputs are where the session reads them.
func (b *Binding) Synchronize() error { return check(C.capi_SynchronizeBoundInputs(b.binding)) }

// Run runs the session on the bound values.
func (b *Binding) Run(o *RunOptions) error {
	return check(C.capi_RunWithBinding(b.session, o.options, b.binding))
}

// Clear forgets all values.
func (b *Binding) Clear() {
	C.capi_ClearBoundInputs(b.binding)
	C.capi_ClearBoundOutputs(b.binding)
}

// Release frees the binding.
func (b *Binding) Release() {
	if b != nil && b.binding != nil {
		C.capi_ReleaseIoBinding(b.binding)
		b.binding = nil
	}
}

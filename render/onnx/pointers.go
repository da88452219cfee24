package onnx

import (
	"fmt"
	"reflect"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/capi"
)

// The binding gives no way to the addresses of its sessions and values, which package capi needs. They are read from its
// fields by their names; go.mod pins its version, and TestPointers notices where a name has changed.

// sessionOf is the address of a session.
func sessionOf(s *ort.DynamicAdvancedSession) (capi.Session, error) {
	inner := reflect.ValueOf(s).Elem().FieldByName("s")
	if !inner.IsValid() || inner.Kind() != reflect.Pointer || inner.IsNil() {
		return nil, fmt.Errorf("the binding's session has no field s")
	}
	address := inner.Elem().FieldByName("ortSession")
	if !address.IsValid() || address.Kind() != reflect.Pointer || address.IsNil() {
		return nil, fmt.Errorf("the binding's session has no field ortSession")
	}
	return capi.Session(address.UnsafePointer()), nil
}

// valueOf is the address of a value.
func valueOf(v ort.Value) (*capi.Value, error) {
	address := reflect.ValueOf(v.GetInternals()).Elem().FieldByName("ortValue")
	if !address.IsValid() || address.Kind() != reflect.Pointer || address.IsNil() {
		return nil, fmt.Errorf("the binding's value has no field ortValue")
	}
	return capi.Borrow(address.UnsafePointer()), nil
}

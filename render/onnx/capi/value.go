package capi

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"fmt"
	"strconv"
	"unsafe"
)

// Memory is a kind of memory, as the runtime names it: "Cpu" or "Cuda" and the number of the device.
type Memory struct {
	Name string
	ID   int
}

// Host is this machine's own memory.
var Host = Memory{Name: "Cpu"}

// withInfo calls use with the runtime's description of the memory.
func (m Memory) withInfo(use func(*C.OrtMemoryInfo) error) error {
	name := C.CString(m.Name)
	defer C.free(unsafe.Pointer(name))
	var info *C.OrtMemoryInfo
	if err := check(C.capi_CreateMemoryInfo(name, C.int(m.ID), &info)); err != nil {
		return fmt.Errorf("memory %s:%d: %w", m.Name, m.ID, err)
	}
	defer C.capi_ReleaseMemoryInfo(info)
	return use(info)
}

// Value is a tensor that the runtime knows.
type Value struct {
	value *C.OrtValue
	data  []byte // of a tensor in Go's or mapped memory, so that it stays
}

// Wrap makes a tensor of bytes in this machine's memory, which are not copied. kind is the element type as in ONNX's
// TensorProto. The caller releases it, and does not move or free the bytes before.
func Wrap(kind int, shape []int, data []byte) (*Value, error) {
	if _, err := environment(); err != nil {
		return nil, err
	}
	v := &Value{data: data}
	start := unsafe.Pointer(unsafe.SliceData(data))
	if len(data) == 0 {
		start = unsafe.Pointer(&emptyTensor) // a tensor without elements has an address too
	}
	err := Host.withInfo(func(info *C.OrtMemoryInfo) error {
		dims, rank := cShape(shape)
		return check(C.capi_CreateTensorWithDataAsOrtValue(
			info, start, C.size_t(len(data)), dims, rank, C.int(kind), &v.value,
		))
	})
	if err != nil {
		return nil, fmt.Errorf("tensor %v: %w", shape, err)
	}
	return v, nil
}

// emptyTensor is the address of tensors without elements. Nobody writes there.
var emptyTensor [16]byte

// Borrow is a value that the binding made and frees.
func Borrow(address unsafe.Pointer) *Value { return &Value{value: (*C.OrtValue)(address)} }

// Release frees the value; of a device's memory also the tensor.
func (v *Value) Release() {
	if v != nil && v.value != nil {
		C.capi_ReleaseValue(v.value)
		v.value, v.data = nil, nil
	}
}

// cShape is a shape as C has it: the address of its sizes, and how many there are.
func cShape(shape []int) (*C.int64_t, C.size_t) {
	dims := make([]C.int64_t, len(shape), len(shape)+1) // so that no dimensions have an address too
	for i, d := range shape {
		dims[i] = C.int64_t(d)
	}
	return unsafe.SliceData(dims), C.size_t(len(dims))
}

// Allocator takes memory where a session takes it.
type Allocator struct{ allocator *C.OrtAllocator }

// NewAllocator is the allocator of a session for one kind of memory. The caller releases it before the session ends.
func NewAllocator(s Session, m Memory) (*Allocator, error) {
	a := &Allocator{}
	err := m.withInfo(func(info *C.OrtMemoryInfo) error {
		return check(C.capi_CreateAllocator((*C.OrtSession)(s), info, &a.allocator))
	})
	if err != nil {
		return nil, fmt.Errorf("allocator of %s:%d: %w", m.Name, m.ID, err)
	}
	return a, nil
}

// New makes a tensor whose elements are not set. The caller releases it, at any time.
func (a *Allocator) New(kind int, shape []int) (*Value, error) {
	v := &Value{}
	dims, rank := cShape(shape)
	if err := check(C.capi_CreateTensorAsOrtValue(a.allocator, dims, rank, C.int(kind), &v.value)); err != nil {
		return nil, fmt.Errorf("tensor %v: %w", shape, err)
	}
	return v, nil
}

// Stats are bytes of an allocator's memory.
type Stats struct {
	InUse     int64 // by tensors
	Allocated int64 // taken from the device, in use or not
	MaxInUse  int64 // the most that was ever in use
}

// Stats reads the allocator's bytes. An allocator that does not count has zeros.
func (a *Allocator) Stats() (Stats, error) {
	var pairs *C.OrtKeyValuePairs
	if err := check(C.capi_AllocatorGetStats(a.allocator, &pairs)); err != nil {
		return Stats{}, fmt.Errorf("statistics of an allocator: %w", err)
	}
	defer C.capi_ReleaseKeyValuePairs(pairs)
	read := func(key string) int64 {
		k := C.CString(key)
		defer C.free(unsafe.Pointer(k))
		text := C.capi_GetKeyValue(pairs, k)
		if text == nil {
			return 0
		}
		n, _ := strconv.ParseInt(C.GoString(text), 10, 64) // the runtime writes whole numbers
		return n
	}
	return Stats{InUse: read("InUse"), Allocated: read("TotalAllocated"), MaxInUse: read("MaxInUse")}, nil
}

// Release frees the allocator, not what it gave.
func (a *Allocator) Release() {
	if a != nil && a.allocator != nil {
		C.capi_ReleaseAllocator(a.allocator)
		a.allocator = nil
	}
}

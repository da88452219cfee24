//go:build amd64 || arm64

package onnx

import (
	"syscall"
	"testing"
	"unsafe"
)

// kernelAction is the kernel's struct sigaction.
type kernelAction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

func sigaction(t *testing.T, set *kernelAction) (was kernelAction) {
	t.Helper()
	_, _, errno := syscall.RawSyscall6(
		syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGUSR2), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(&was)), 8,
		0, 0,
	)
	if errno != 0 {
		t.Fatal(errno)
	}
	return was
}

func TestSignalHandlersArePutBack(t *testing.T) {
	want := sigaction(t, nil)
	restore := guardSignals()
	ignore := kernelAction{handler: 1, mask: 1}
	sigaction(t, &ignore)
	if got := sigaction(t, nil); got.handler == want.handler {
		t.Fatalf("got %+v, want another handler for the test", got)
	}
	restore()
	if got := sigaction(t, nil); got.handler != want.handler || got.flags != want.flags {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

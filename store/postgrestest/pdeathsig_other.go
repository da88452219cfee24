//go:build unix && !linux

package postgrestest

import "syscall"

// die has the server end when the test's process is killed; only Linux can.
func killWithParent(*syscall.SysProcAttr) {}

//go:build unix && !linux

package postgrestest

import "syscall"

// killWithParent does nothing: only Linux can end the server when the test's process is killed.
func killWithParent(*syscall.SysProcAttr) {}

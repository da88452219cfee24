//go:build !linux

package supervise

import (
	"os"
	"syscall"
)

// ownProgram is this program.
func ownProgram() (string, error) { return os.Executable() }

// dieWithParent is nothing here: the end of the process's input tells it that its supervisor is dead.
func dieWithParent() *syscall.SysProcAttr { return nil }

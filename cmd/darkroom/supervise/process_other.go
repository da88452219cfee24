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

// lowerPriority is nothing here: elsewhere than on Linux it is that of a whole process, and not of a thread.
func lowerPriority() {}

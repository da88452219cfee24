package supervise

import "syscall"

// ownProgram is this program, also after its file was replaced by another version.
func ownProgram() (string, error) { return "/proc/self/exe", nil }

// dieWithParent has the kernel kill a process when the one that started it ends, however that ends.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

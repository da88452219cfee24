package supervise

import "syscall"

// ownProgram is this program, also after its file was replaced by another version.
func ownProgram() (string, error) { return "/proc/self/exe", nil }

// dieWithParent has the kernel kill a process when the one that started it ends, however that ends.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// niceness is that of renderers' processes. Beside a model that keeps all cores busy a bot of the same priority waits
// for its turn again and again, and acknowledges late.
const niceness = 10

// lowerPriority lowers the priority of the calling thread, and of what it starts. Where that is refused, it stays.
func lowerPriority() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness) }

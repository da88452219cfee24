package inventory

import "golang.org/x/sys/unix"

// lowerPriority lets every other thread go first, on the processor and on the disk. It concerns the calling thread
// alone. What cannot be had is done without.
func lowerPriority() {
	const (
		lowest        = 19
		whoProcess    = 1       // IOPRIO_WHO_PROCESS of linux/ioprio.h
		idleClass     = 3 << 13 // IOPRIO_CLASS_IDLE
		callingThread = 0
	)
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), lowest)
	_, _ = unix.SyscallNoError(unix.SYS_IOPRIO_SET, whoProcess, callingThread, idleClass)
}

//go:build darwin || linux

package download

import (
	"os"
	"syscall"
)

// freeBytes is how many bytes this user can still write in a directory; -1 if that is not known.
func freeBytes(dir string) int64 {
	var f syscall.Statfs_t
	if syscall.Statfs(dir, &f) != nil {
		return -1
	}
	return int64(f.Bavail) * int64(f.Bsize) //nolint:unconvert // their types differ by system
}

// lock keeps others from writing an open file until it is closed, and tells whether that succeeded.
func lock(f *os.File) bool { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil }

//go:build darwin || linux

package install

import (
	"fmt"
	"os"
	"syscall"
)

// lockFolder keeps other processes from filling a folder until unlock is called, or this process ends.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		f.Close()
		return nil, errOther
	}
	return func() { f.Close() }, nil
}

//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// again puts this program, with its arguments, in the place of this process: its number stays, its threads and
// connections end, also those that no longer answer. It returns only when that failed.
func restart() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return fmt.Errorf("run %s: %w", self, syscall.Exec(self, os.Args, os.Environ()))
}

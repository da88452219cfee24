//go:build unix

package mapped

import (
	"errors"
	"math"
	"os"
	"syscall"
)

// mapRegion maps a file, which the region keeps open for Check.
func mapRegion(file *os.File, size int64) (*region, error) {
	if size > math.MaxInt {
		return nil, errors.New("too large for this system's memory")
	}
	data, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.EACCES) { // some network and FUSE file systems
		return readRegion(file, size)
	}
	if err != nil {
		return nil, err
	}
	return &region{
		data: data, file: file,
		free: func() error { return errors.Join(syscall.Munmap(data), file.Close()) },
	}, nil
}

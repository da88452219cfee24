package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DirLock is a locked data directory. The lock ends with Close, also by the end of the process.
type DirLock struct{ file *os.File }

// LockDir makes a data directory, readable by its owner alone, and locks it: for one process that has the queue in
// its own memory (exclusive), or for several that share a Redis server. With two queues each would take the other for
// an old one, and begin new epochs without end.
func LockDir(dir string, exclusive bool) (*DirLock, error) {
	if err := MakeDir(dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "darkroom.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	held, err := lockFile(f, exclusive)
	switch {
	case held:
		err = fmt.Errorf("another darkroom uses %s, and one of the two keeps the queue in its own memory: "+
			"stop it, name another --data, or give both the same REDIS_URL", dir)
	case err != nil:
		err = fmt.Errorf("lock the data directory: %w", err)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &DirLock{f}, nil
}

// Close ends the lock at once, even while a child process that is just being started still has the file open: such a
// child has it from the fork until its program begins.
func (l *DirLock) Close() error { return errors.Join(unlockFile(l.file), l.file.Close()) }

// MakeDir makes a data directory, readable by its owner alone. A directory of another owner, such as a volume of
// Kubernetes with an fsGroup, stays as it is: the database in it is readable by its owner alone all the same.
func MakeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("close the data directory to others: %w", err)
	}
	return nil
}

package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Stage is a hidden folder in which files gather until all of them are whole. What an earlier try left is there. It is
// this process's alone until Close or Remove.
type Stage struct {
	dir  string
	open *os.File // holds the lock
}

// OpenStage makes a folder, or takes one that is there. The error is a *BusyError where another process has it.
func OpenStage(dir string) (*Stage, error) {
	for range 3 {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make a folder: %w", err)
		}
		open, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) { // another process has removed it
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open a folder: %w", err)
		}
		if !lock(open) {
			open.Close()
			return nil, &BusyError{Path: dir}
		}
		opened, err := open.Stat()
		named, err2 := os.Stat(dir)
		if err == nil && err2 == nil && os.SameFile(opened, named) {
			return &Stage{dir, open}, nil
		}
		open.Close()
	}
	return nil, &BusyError{Path: dir}
}

// Path is the path of a file or folder in the stage.
func (s *Stage) Path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// Sweep removes every file but those at these paths: an earlier try may have fetched others.
func (s *Stage) Sweep(keep map[string]bool) error {
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || keep[path] {
			return err
		}
		return os.Remove(path)
	})
}

// Remove removes the stage with all that is left in it, and the folder above it if that is empty then.
func (s *Stage) Remove() error {
	err := os.RemoveAll(s.dir)
	os.Remove(filepath.Dir(s.dir))
	s.Close()
	return err
}

// Close leaves the stage as it is, for another try.
func (s *Stage) Close() { s.open.Close() }

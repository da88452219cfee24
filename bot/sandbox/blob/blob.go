// Package blob keeps the bytes of attachments by id, in memory or in a folder.
package blob

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// Store keeps bytes by id. It is safe for concurrent use.
type Store interface {
	Put(id string, data []byte) error
	Get(id string) ([]byte, error) // an os.ErrNotExist for an unknown id
	Remove(id string)
}

// Open returns a store in the subfolder "files" of dir, which it creates; or one in memory if dir is "".
func Open(dir string) (Store, error) {
	if dir == "" {
		return &memory{files: map[string][]byte{}}, nil
	}
	dir = filepath.Join(dir, "files")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open sandbox files: %w", err)
	}
	return folder(dir), nil
}

type memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

// Put implements Store.
func (m *memory) Put(id string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[id] = data
	return nil
}

// Get implements Store.
func (m *memory) Get(id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[id]
	if !ok {
		return nil, os.ErrNotExist
	}
	return data, nil
}

// Remove implements Store.
func (m *memory) Remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, id)
}

// folder keeps each file under its id. An id holds digits only, so it cannot name a path outside of the folder.
type folder string

var digits = regexp.MustCompile(`^[0-9]{1,20}$`)

// Put implements Store.
func (f folder) Put(id string, data []byte) error {
	return WriteFile(filepath.Join(string(f), id), data)
}

// Get implements Store.
func (f folder) Get(id string) ([]byte, error) {
	if !digits.MatchString(id) {
		return nil, os.ErrNotExist
	}
	return os.ReadFile(filepath.Join(string(f), id))
}

// Remove implements Store.
func (f folder) Remove(id string) {
	if digits.MatchString(id) {
		os.Remove(filepath.Join(string(f), id)) // on failure the file only costs space
	}
}

// WriteFile replaces a file atomically: a reader sees either the old bytes or the new ones.
func WriteFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Sync(); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

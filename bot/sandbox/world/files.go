package world

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// shelf keeps the bytes of attachments by id.
type fileStore interface {
	put(id string, data []byte) error
	get(id string) ([]byte, error)
	remove(id string)
}

func openFiles(dir string) (fileStore, error) {
	if dir == "" {
		return &memoryFiles{files: map[string][]byte{}}, nil
	}
	dir = filepath.Join(dir, "files")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open sandbox files: %w", err)
	}
	return diskFiles(dir), nil
}

type memoryFiles struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *memoryFiles) put(id string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[id] = data
	return nil
}

func (m *memoryFiles) get(id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[id]
	if !ok {
		return nil, os.ErrNotExist
	}
	return data, nil
}

func (m *memoryFiles) remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, id)
}

// folder keeps each file under its id; ids are digits, so a name cannot lead elsewhere.
type diskFiles string

var digits = regexp.MustCompile(`^[0-9]{1,20}$`)

func (f diskFiles) put(id string, data []byte) error {
	return writeAtomic(filepath.Join(string(f), id), data)
}

func (f diskFiles) get(id string) ([]byte, error) {
	if !digits.MatchString(id) {
		return nil, os.ErrNotExist
	}
	return os.ReadFile(filepath.Join(string(f), id))
}

func (f diskFiles) remove(id string) {
	if digits.MatchString(id) {
		os.Remove(filepath.Join(string(f), id)) // a file left behind costs only space
	}
}

// writeAtomic replaces a file so that a reader sees the old bytes or the new, never half.
func writeAtomic(path string, data []byte) error {
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

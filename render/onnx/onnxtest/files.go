package onnxtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Temp writes the folder into a new one, called "tiny", that is gone when the test ends.
func (f Folder) Temp(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// WriteFile writes a file of a folder, by its slash-separated name.
func WriteFile(t testing.TB, dir, name, data string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// CopyFile writes a copy of a file of one folder to a place in another.
func CopyFile(t testing.TB, from, name, to, as string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	WriteFile(t, to, as, string(data))
}

// Rewrite changes a file in place, by a function of its bytes.
func Rewrite(t testing.TB, path string, by func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, by(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Swap returns a function for Rewrite that replaces one text by another everywhere.
func Swap(old, now string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(now)) }
}

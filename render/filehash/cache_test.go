package filehash

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write writes a file with a modification time, the same each time it is called.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// hashOf returns the hash of a file and whether the file was known.
func hashOf(t *testing.T, c *Cache, path string) (sha string, known bool) {
	t.Helper()
	_, known = c.Known(path)
	r, err := c.Sum(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.SHA256, known
}

func digest(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }

func TestCache(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, path := filepath.Join(dir, "new", "hashes.json"), filepath.Join(dir, "a.safetensors")
	write(t, path, "first")
	c := Open(file)
	if got, known := hashOf(t, c, path); got != digest("first") || known {
		t.Fatalf("got %s, known %v, want the SHA-256, read", got, known)
	}
	c.Save()
	t.Run("another process knows it", func(t *testing.T) {
		if got, known := hashOf(t, Open(file), path); got != digest("first") || !known {
			t.Errorf("got %s, known %v, want it known", got, known)
		}
	})
	t.Run("a renamed file and a second link are known", func(t *testing.T) {
		linked := filepath.Join(dir, "linked")
		if err := os.Link(path, linked); err != nil {
			t.Skip(err)
		}
		if _, known := hashOf(t, Open(file), linked); !known {
			t.Error("want the link known by its inode")
		}
	})
	t.Run("the same size and time with another beginning is another file", func(t *testing.T) {
		write(t, path, "other")
		if got, known := hashOf(t, Open(file), path); got != digest("other") || known {
			t.Errorf("got %s, known %v, want the file read again", got, known)
		}
	})
	t.Run("a copy of the same size and time is another file", func(t *testing.T) {
		long := strings.Repeat("x", headBytes)
		write(t, path, long+"1")
		hashOf(t, c, path)
		fresh := filepath.Join(dir, "fresh")
		write(t, fresh, long+"2")
		if err := os.Rename(fresh, path); err != nil {
			t.Fatal(err)
		}
		if got, _ := hashOf(t, c, path); got != digest(long+"2") {
			t.Errorf("got %s, want the hash of what is there now", got)
		}
	})
}

func TestCacheReadsEarlierFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	write(t, path, "first")
	entry := fmt.Sprintf(`{%q:{"size":5,"time":"2026-01-02T04:04:05+01:00","sha256":"abc"}}`, path)
	write(t, filepath.Join(dir, "hashes.json"), entry)
	if got, known := hashOf(t, Open(filepath.Join(dir, "hashes.json")), path); got != "abc" || !known {
		t.Errorf("got %s, known %v, want what an earlier version wrote", got, known)
	}
}

// TestCacheOfTwoProcesses: what one wrote is not lost when the other writes.
func TestCacheOfTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "hashes.json")
	one, two := Open(file), Open(file)
	for name, c := range map[string]*Cache{"one": one, "two": two} {
		write(t, filepath.Join(dir, name), name)
		hashOf(t, c, filepath.Join(dir, name))
		c.Save()
	}
	both := Open(file)
	for _, name := range []string{"one", "two"} {
		if _, known := hashOf(t, both, filepath.Join(dir, name)); !known {
			t.Errorf("%s was lost", name)
		}
	}
}

func TestCacheThatIsBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	write(t, path, "first")
	for name, content := range map[string]string{"text": "not JSON", "null": "null", "list": "[]", "empty": ""} {
		file := filepath.Join(dir, name)
		write(t, file, content)
		c := Open(file)
		if got, known := hashOf(t, c, path); got != digest("first") || known {
			t.Errorf("%s: got %s, known %v", name, got, known)
		}
		if c.Save(); Open(file).known[path].SHA256 != digest("first") {
			t.Errorf("%s: want the cache written anew", name)
		}
	}
	nowhere := Open(filepath.Join(path, "no", "folder"))
	if got, _ := hashOf(t, nowhere, path); got != digest("first") {
		t.Errorf("a cache that cannot be written: got %s", got)
	}
	nowhere.Save()
}

func TestSumOfWhatIsNoFile(t *testing.T) {
	t.Parallel()
	if _, err := Open("").Sum(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "want a file") {
		t.Errorf("a folder: got %v", err)
	}
	if _, err := Open("").Sum(filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: got %v", err)
	}
}

func TestSumStopsAndTellsProgress(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, strings.Repeat("x", 3*bufferBytes))
	var seen int64
	if _, err := Open("").Sum(path, func(n int64) error { seen += n; return nil }); err != nil || seen != 3*bufferBytes {
		t.Errorf("got %v and %d bytes, want %d", err, seen, 3*bufferBytes)
	}
	cause := errors.New("enough")
	seen = 0
	_, err := Open("").Sum(path, func(n int64) error { seen += n; return cause })
	if !errors.Is(err, cause) || seen != bufferBytes {
		t.Errorf("got %v after %d bytes, want the cause after one buffer", err, seen)
	}
}

func TestSumOfAFileThatIsBeingWritten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"it grows":    func(path string) error { return os.WriteFile(path, make([]byte, 3*bufferBytes), 0o600) },
		"it shrinks":  func(path string) error { return os.Truncate(path, 10) },
		"it vanishes": os.Remove,
	} {
		path := filepath.Join(t.TempDir(), "a")
		write(t, path, strings.Repeat("x", 2*bufferBytes))
		_, err := Open("").Sum(path, func(int64) error {
			if change != nil {
				if err := change(path); err != nil {
					t.Error(err)
				}
				change = nil
			}
			return nil
		})
		if !errors.Is(err, ErrChanged) && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
}

func TestFileCheck(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "first")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Path: path, Stamp: StampOf(info)}
	if err := f.Check(); err != nil {
		t.Errorf("unchanged: got %v", err)
	}
	write(t, path, "longer")
	if err := f.Check(); err == nil || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("changed: got %v", err)
	}
}

// TestSumTensors: the hash of what follows the header is kept beside the other, and computed when it is asked for.
func TestSumTensors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, file := filepath.Join(dir, "a.safetensors"), filepath.Join(dir, "hashes.json")
	tensors := strings.Repeat("t", 2*bufferBytes)
	write(t, path, "\x02\x00\x00\x00\x00\x00\x00\x00{}"+tensors)
	c := Open(file)
	hashOf(t, c, path)
	for range 2 {
		r, err := c.SumTensors(path, nil)
		if err != nil || r.Tensors != digest(tensors) || r.SHA256 == r.Tensors {
			t.Errorf("got %+v, %v, want the tensors' hash %s", r, err, digest(tensors))
		}
		c.Save()
		c = Open(file)
		if r, known := c.Known(path); !known || r.Tensors == "" {
			t.Errorf("got %+v, %v, want it remembered", r, known)
		}
	}
	write(t, path, "\xff\xff\xff\xff\xff\xff\xff\xff{}")
	if r, err := c.SumTensors(path, nil); err != nil || r.Tensors != digest("") {
		t.Errorf("a lying length: got %+v, %v, want the hash of nothing", r, err)
	}
	write(t, path, "short")
	if r, err := c.SumTensors(path, nil); err == nil {
		t.Errorf("no header: got %+v, want an error", r)
	}
}

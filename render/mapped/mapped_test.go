package mapped

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// content is 30 bytes, of which the last one is told.
func content() []byte { return append(make([]byte, 29), 0x3c) }

// opened writes a file and opens it.
func opened(t *testing.T) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, content(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mapped(t *testing.T, f *File) *Mapping {
	t.Helper()
	m, err := f.Map()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMap(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]func(*os.File, int64) (*region, error){"mapped": mapRegion, "read": readRegion} {
		f := opened(t)
		f.mapFile = way
		m := mapped(t, f)
		if got := m.Bytes(24, 6); len(got) != 6 || got[5] != 0x3c {
			t.Errorf("%s: got %v", name, got)
		}
		if err := errors.Join(m.Check(), m.Close(), m.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMapSharesMemory(t *testing.T) {
	t.Parallel()
	f := opened(t)
	a, b := mapped(t, f), mapped(t, f)
	if &a.Bytes(0, 1)[0] != &b.Bytes(0, 1)[0] {
		t.Error("two mappings at two places")
	}
	if err := errors.Join(a.Close(), a.Close()); err != nil {
		t.Fatal(err)
	}
	if got := b.Bytes(24, 6)[5]; got != 0x3c { // a fault if the memory went with the first
		t.Errorf("got %x", got)
	}
	if err := b.Close(); err != nil || f.region != nil {
		t.Errorf("after the last: %v, %v", f.region, err)
	}
}

func TestMapConcurrently(t *testing.T) {
	t.Parallel()
	f := opened(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				m, err := f.Map()
				if err != nil {
					t.Error(err)
					return
				}
				if m.Bytes(24, 6)[5] != 0x3c {
					t.Error("other bytes")
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestChangedFile(t *testing.T) {
	t.Parallel()
	f := opened(t)
	m := mapped(t, f)
	if err := errors.Join(f.Check(), m.Check()); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(f.Path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(); !errors.Is(err, ErrChanged) {
		t.Errorf("mapping: got %v, want ErrChanged", err)
	}
	if err := f.Check(); !errors.Is(err, ErrChanged) {
		t.Errorf("file: got %v, want ErrChanged", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Map(); !errors.Is(err, ErrChanged) {
		t.Errorf("map: got %v, want ErrChanged", err)
	}
}

// A file that was replaced by renaming another one to its name is still whole where it is mapped.
func TestReplacedFile(t *testing.T) {
	t.Parallel()
	f := opened(t)
	m := mapped(t, f)
	defer func() { _ = m.Close() }()
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, content(), 0o600), os.Rename(other, f.Path)); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(); err != nil || m.Bytes(24, 6)[5] != 0x3c {
		t.Errorf("mapping: got %v", err)
	}
	if err := f.Check(); !errors.Is(err, ErrChanged) {
		t.Errorf("file: got %v, want ErrChanged", err)
	}
}

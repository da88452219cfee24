package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"darkroom/store"
)

// asNobody runs f as a user who owns nothing. The thread that it ran on ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as another user")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		f()
	}()
	<-done
}

// TestDataFolderOfAnotherOwner opens a folder that may be written and belongs to somebody else, as a volume of
// Kubernetes with an fsGroup does.
func TestDataFolderOfAnotherOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() {
		if os.Chmod(dir, 0o700) == nil {
			t.Error("the folder's mode could be changed: it belongs to this user")
		}
		f, err := store.LockDir(dir, true)
		if err != nil {
			t.Errorf("lock it: %v", err)
			return
		}
		_ = f.Close()
	})
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		if f, err := store.LockDir(filepath.Join(dir, "data"), true); err == nil {
			_ = f.Close()
			t.Error("a folder that cannot be made: want an error")
		}
	})
}

// TestLockEndsBeforeChildren closes a lock while a child, between fork and the start of its program, has the file too.
func TestLockEndsBeforeChildren(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := store.LockDir(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	child := duplicate(t, filepath.Join(dir, "darkroom.lock"))
	defer syscall.Close(child)
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := store.LockDir(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	_ = next.Close()
}

// duplicate duplicates the descriptor by which this process has a file open, as a fork does.
func duplicate(t *testing.T, path string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if open, _ := os.Readlink("/proc/self/fd/" + e.Name()); open == path {
			fd, err := strconv.Atoi(e.Name())
			if err == nil {
				fd, err = syscall.Dup(fd)
			}
			if err != nil {
				t.Fatal(err)
			}
			return fd
		}
	}
	t.Fatalf("%s is not open", path)
	return 0
}

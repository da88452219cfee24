package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"darkroom/config"
)

// TestDoctorTakesAFolderOfAnotherOwner looks at a folder that may be written and belongs to somebody else: no chmod
// helps there, and none is needed.
func TestDoctorTakesAFolderOfAnotherOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as another user")
	}
	dir := t.TempDir()
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan finding, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its other user
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
		}
		done <- checkData(config.Data{Dir: dir})
	}()
	if f := <-done; f.fix != "" || !strings.Contains(f.state, "belongs to another user") {
		t.Errorf("got %q, fix %q, want it taken as it is", f.state, f.fix)
	}
}

package store_test

import (
	"strings"
	"testing"

	"darkroom/store"
)

func TestLockDir(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, second, let bool }{
		{first: true, second: true}, {first: true, second: false}, {first: false, second: true},
		{first: false, second: false, let: true},
	} {
		dir := t.TempDir()
		held, err := store.LockDir(dir, c.first)
		if err != nil {
			t.Fatal(err)
		}
		beside, err := store.LockDir(dir, c.second)
		if got := err == nil; got != c.let || !c.let && !strings.Contains(err.Error(), "another darkroom uses "+dir) {
			t.Errorf("alone %v, then alone %v: got %v, want it let in: %v", c.first, c.second, err, c.let)
		}
		if beside != nil {
			beside.Close()
		}
		held.Close()
		if held, err = store.LockDir(dir, true); err != nil {
			t.Errorf("after all have gone: %v", err)
		} else {
			held.Close()
		}
	}
}

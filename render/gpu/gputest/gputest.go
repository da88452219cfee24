// Package gputest builds a stand-in for NVIDIA's management library, so that its reading is tested without a card.
package gputest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed nvml.c.txt
var source []byte

// NVML compiles the stand-in and returns its path. Macros, such as "CARDS=1", change what it has: see the source. The
// test is skipped where there is no C compiler.
func NVML(t testing.TB, macros ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc")
	}
	dir := t.TempDir()
	code, library := filepath.Join(dir, "nvml.c"), filepath.Join(dir, "libnvidia-ml.so.1")
	if err := os.WriteFile(code, source, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-shared", "-fPIC", "-o", library, code}
	for _, m := range macros {
		args = append(args, "-D"+m)
	}
	if out, err := exec.CommandContext(t.Context(), compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v: %s", err, out)
	}
	return library
}

// Package library finds ONNX Runtime's shared library and says what it is without loading it, so that a wrong one
// is refused before any of its code runs. It needs neither cgo nor the library itself.
package library

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Recommended is the version darkroom is tested with.
const Recommended = "1.24.3"

// The minor versions of 1.x that are accepted, from Oldest up to but not including Reporting.
const (
	OldestMinor    = 24 // the binding asks for API 24, which older libraries do not have
	TelemetryMinor = 29 // from here on the Linux and macOS builds send usage reports by default
)

// FixHint is what to do when there is no usable library.
const FixHint = `run "darkroom runtime pull cpu" (or "go run ./cmd/ort") to fetch ONNX Runtime ` + Recommended +
	`, or name your own with --ort PATH or ONNXRUNTIME_LIB`

// ErrNotFound says that no library was found in any of the places looked at.
var ErrNotFound = errors.New("ONNX Runtime's library was not found")

// Name returns the file name of a version's library on an operating system, as Go names it.
func Name(goos, version string) string {
	if goos == "darwin" {
		return "libonnxruntime." + version + ".dylib"
	}
	return "libonnxruntime.so." + version
}

// Check reports whether darkroom can use a library of this version. An empty version (one that does not say) passes:
// the runtime tells it once it is loaded.
func Check(version string) error {
	if version == "" {
		return nil
	}
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return fmt.Errorf("ONNX Runtime %q: not a version; %s", version, FixHint)
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	switch {
	case err1 != nil || err2 != nil || major != 1:
		return fmt.Errorf("ONNX Runtime %s: want 1.%d to 1.%d; %s", version, OldestMinor, TelemetryMinor-1, FixHint)
	case minor < OldestMinor:
		return fmt.Errorf("ONNX Runtime %s is too old, want 1.%d or newer; %s", version, OldestMinor, FixHint)
	case minor >= TelemetryMinor:
		return fmt.Errorf("ONNX Runtime %s sends usage reports (1.%d and newer do), want 1.%d to 1.%d; %s",
			version, TelemetryMinor, OldestMinor, TelemetryMinor-1, FixHint)
	}
	return nil
}

// Find returns the library to load: the explicit file (or the one in the explicit folder) when given, else the first
// usable one in dirs. An explicit choice that is unusable is an error, never passed over.
func Find(explicit string, dirs ...string) (string, error) {
	if explicit != "" {
		return findExplicit(explicit)
	}
	var last error
	for _, dir := range dirs {
		for _, path := range candidates(dir) {
			if err := usable(path); err != nil {
				last = err
				continue
			}
			return path, nil
		}
	}
	if last != nil {
		return "", last
	}
	return "", fmt.Errorf("%w (looked in %s): %s", ErrNotFound, strings.Join(dirs, ", "), FixHint)
}

// Dirs lists where an installed library is looked for: lib beside the program, then bin/lib under the current
// folder, then bin/lib of the source tree the current folder belongs to (so that tests find it).
func Dirs() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if target, err := filepath.EvalSymlinks(exe); err == nil {
			exe = target
		}
		dirs = append(dirs, filepath.Join(filepath.Dir(exe), "lib"))
	}
	cwd, err := os.Getwd()
	if err != nil {
		return dirs
	}
	dirs = append(dirs, filepath.Join(cwd, "bin", "lib"))
	for dir := cwd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			if lib := filepath.Join(dir, "bin", "lib"); !slices.Contains(dirs, lib) {
				dirs = append(dirs, lib)
			}
			return dirs
		}
		if dir == filepath.Dir(dir) {
			return dirs
		}
	}
}

func findExplicit(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("ONNX Runtime's library %s: %w; %s", path, errors.Unwrap(err), FixHint)
	}
	if info.IsDir() {
		found := candidates(path)
		if len(found) == 0 {
			return "", fmt.Errorf("%w in %s; %s", ErrNotFound, path, FixHint)
		}
		path = found[0]
	}
	return path, usable(path)
}

func usable(path string) error {
	version, err := Inspect(path)
	if err != nil {
		return fmt.Errorf("%w; %s", err, FixHint)
	}
	if err := Check(version); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// candidates lists the runtime's main libraries in a folder, the recommended version first, then the highest name.
func candidates(dir string) []string {
	pattern := "libonnxruntime.so*"
	if runtime.GOOS == "darwin" {
		pattern = "libonnxruntime*.dylib"
	}
	found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is constant, so it cannot be malformed
	best := Name(runtime.GOOS, Recommended)
	slices.SortFunc(found, func(a, b string) int {
		switch {
		case filepath.Base(a) == best:
			return -1
		case filepath.Base(b) == best:
			return 1
		}
		return strings.Compare(b, a)
	})
	return found
}

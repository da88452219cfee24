package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/library"
)

// ErrNotOpen says that Open was not called, or did not succeed.
var ErrNotOpen = errors.New("ONNX Runtime is not open")

// runtimeState is the one runtime of this process; ONNX Runtime itself allows no second.
var runtimeState struct {
	sync.Mutex
	lib string // empty until opened
}

// FindLibrary returns the runtime library to open: the explicit path (a file or a folder) when it is not empty, else
// ONNXRUNTIME_LIB, else lib beside the program, else bin/lib. The error says what to do.
func FindLibrary(explicit string) (string, error) {
	if explicit == "" {
		explicit = os.Getenv("ONNXRUNTIME_LIB")
	}
	return library.Find(explicit, library.Dirs()...)
}

// Open loads the runtime library into this process, once; a second call with the same file does nothing. A library
// that is too old, or so new that it sends usage reports, is refused before it is loaded.
func Open(lib string) error {
	runtimeState.Lock()
	defer runtimeState.Unlock()
	lib, err := filepath.Abs(lib)
	if err != nil {
		return fmt.Errorf("open ONNX Runtime: %w", err)
	}
	if runtimeState.lib != "" {
		if runtimeState.lib == lib {
			return nil
		}
		return fmt.Errorf("open ONNX Runtime: %s is open already, a process has one", runtimeState.lib)
	}
	if _, err := library.Find(lib); err != nil {
		return fmt.Errorf("open ONNX Runtime: %w", err)
	}
	// Before the library runs: later, its report queue would already be written.
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return fmt.Errorf("open ONNX Runtime: %w", err)
	}
	ort.SetSharedLibraryPath(lib)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("open ONNX Runtime: %w; %s", err, library.FixHint)
	}
	if err := library.Check(ort.GetVersion()); err != nil {
		return errors.Join(fmt.Errorf("open ONNX Runtime: %s: %w", lib, err), ort.DestroyEnvironment())
	}
	runtimeState.lib = lib
	return nil
}

// openedLibrary is the path of the open runtime's library, "" when none is open.
func openedLibrary() string {
	runtimeState.Lock()
	defer runtimeState.Unlock()
	return runtimeState.lib
}

// Version returns the open runtime's version, or "" when none is open.
func Version() string {
	runtimeState.Lock()
	defer runtimeState.Unlock()
	if runtimeState.lib == "" {
		return ""
	}
	return ort.GetVersion()
}

package onnx

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

// open_global makes a library's names known to all that are opened later; it returns why that failed, or NULL.
static const char *open_global(const char *path) { return dlopen(path, RTLD_NOW | RTLD_GLOBAL) ? NULL : dlerror(); }
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"darkroom/render/onnx/library"
)

// cudaLibraries is what loading the libraries of CUDA brought, once a process.
//
//nolint:gochecknoglobals // a process has one runtime, and so one set of its libraries
var cudaLibraries struct {
	once sync.Once
	err  error
}

// loadCUDALibraries opens the libraries of CUDA that lie beside the open runtime, by path and in order, so that its
// provider and they themselves find each other by name, without LD_LIBRARY_PATH. What the provider needs and does not
// lie there must be the system's.
func loadCUDALibraries() error {
	cudaLibraries.once.Do(func() {
		cudaLibraries.err = errors.Join(orderByBus(), openCUDALibraries(openedLibrary()))
	})
	return cudaLibraries.err
}

// orderByBus has CUDA number the cards as NVML does; by itself it has the fastest first.
func orderByBus() error {
	const order = "CUDA_DEVICE_ORDER"
	if os.Getenv(order) != "" {
		return nil
	}
	return os.Setenv(order, "PCI_BUS_ID")
}

func openCUDALibraries(lib string) error {
	needed, err := library.NeededByCUDA(lib)
	if err != nil {
		return err
	}
	beside := library.CUDALibraries(lib)
	for _, path := range beside {
		if err := library.CheckArchitecture(path); err != nil {
			return err
		}
		if err := openGlobally(path); err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
	}
	var missing []string
	for _, name := range needed {
		here := slices.ContainsFunc(beside, func(path string) bool { return filepath.Base(path) == name })
		if !here && openGlobally(name) != nil {
			missing = append(missing, name)
		}
	}
	return missingError(lib, needed, missing)
}

// missingError says in one line what is missing, and what brings it.
func missingError(lib string, needed, missing []string) error {
	const driver = "libcuda.so.1"
	switch {
	case len(missing) == 0:
		return nil
	case slices.Equal(missing, []string{driver}):
		return fmt.Errorf("there is no NVIDIA driver: its library %s cannot be opened; install the driver", driver)
	}
	missing = slices.DeleteFunc(missing, func(name string) bool { return name == driver })
	err := fmt.Errorf("%s: missing beside %s, and the system has none", strings.Join(missing, ", "), lib)
	if generation := library.CUDAGeneration(needed); generation != "" {
		err = fmt.Errorf("%w; run `darkroom runtime pull cuda%s`", err, generation)
	}
	return err
}

// openGlobally opens a library by path or name. It stays open, as the runtime that needs it does.
func openGlobally(path string) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	if why := C.open_global(name); why != nil {
		return errors.New(C.GoString(why))
	}
	return nil
}

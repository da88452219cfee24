package library

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// cudaProvider is the library by which ONNX Runtime computes on NVIDIA's cards.
const cudaProvider = "libonnxruntime_providers_cuda.so"

// cudaLibraries are those that the provider, or one of the others, opens by name, in an order in which each finds what
// it needs: the runtime, the just-in-time linker and compiler, and what computes.
func cudaLibraries() []string {
	return []string{"cudart", "nvJitLink", "nvrtc-builtins", "nvrtc", "cublasLt", "cublas", "curand", "cufft", "cudnn"}
}

// ErrNoCUDA says that a runtime library is a build for the CPU.
var ErrNoCUDA = errors.New("has no CUDA")

// HasCUDA tells whether a runtime library has a provider for CUDA beside it.
func HasCUDA(lib string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(lib), cudaProvider))
	return err == nil
}

// CUDALibraries lists the libraries of CUDA that lie beside a runtime library, in the order in which to open them. None
// need lie there: the system may have them.
func CUDALibraries(lib string) []string {
	var all []string
	for _, stem := range cudaLibraries() {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(lib), "lib"+stem+".so.*")) // the pattern is well formed
		slices.SortFunc(found, func(a, b string) int { return strings.Compare(b, a) })
		if len(found) > 0 {
			all = append(all, found[0])
		}
	}
	return all
}

// NeededByCUDA lists the names of what the provider of a runtime library is linked with, such as "libcudnn.so.9": the
// libraries of CUDA, and libcuda.so.1 of the driver. The error is ErrNoCUDA where there is no provider; a provider for
// another processor is refused.
func NeededByCUDA(lib string) ([]string, error) {
	path := filepath.Join(filepath.Dir(lib), cudaProvider)
	if !HasCUDA(lib) {
		return nil, fmt.Errorf("the ONNX Runtime of %s %w", lib, ErrNoCUDA)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open library: %w", err)
	}
	defer f.Close()
	file, err := openELF(f, path, runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	all, err := file.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("%s: read what it needs: %w", path, err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return !isCUDA(name) }), nil
}

// isCUDA tells whether a library is one of CUDA or of its driver.
func isCUDA(name string) bool {
	stem, _, _ := strings.Cut(strings.TrimPrefix(name, "lib"), ".so")
	return stem == "cuda" || slices.Contains(cudaLibraries(), stem)
}

// CheckArchitecture refuses a library for another processor, or a file that is no library.
func CheckArchitecture(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open library: %w", err)
	}
	defer f.Close()
	_, err = openELF(f, path, runtime.GOARCH)
	return err
}

// openELF reads a Linux library's header, and refuses one for another processor.
func openELF(f *os.File, path, goarch string) (*elf.File, error) {
	file, err := elf.NewFile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: not a Linux library", path)
	}
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[goarch]
	if file.Machine != want {
		return nil, fmt.Errorf("%s: a library for %s, want one for %s", path, machine(file.Machine), goarch)
	}
	return file, nil
}

// cudartMajor finds the generation of CUDA in the name of its runtime, "libcudart.so.12".
var cudartMajor = regexp.MustCompile(`^libcudart\.so\.(\d+)`)

// CUDAGeneration returns the major version of CUDA that names of libraries belong to, "12"; "" where none of them says.
func CUDAGeneration(names []string) string {
	for _, name := range names {
		if m := cudartMajor.FindStringSubmatch(name); m != nil {
			return m[1]
		}
	}
	return ""
}

package onnx

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx/library"
)

// fakeCUDA is a folder with libraries that are linked as those of CUDA are, and do nothing. Each test has a generation
// of its own: a process finds an open library by its name.
type fakeCUDA struct {
	t          *testing.T
	dir        string
	generation string
}

func newFakeCUDA(t *testing.T, generation string) *fakeCUDA {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc")
	}
	f := &fakeCUDA{t: t, dir: t.TempDir(), generation: generation}
	f.link("cudart")
	f.link("cublasLt", "cudart")
	f.link("cublas", "cublasLt")
	f.link("cudnn")
	f.link("curand")
	f.provider("cublas", "cudart", "cudnn")
	return f
}

func (f *fakeCUDA) path(stem string) string {
	return filepath.Join(f.dir, "lib"+stem+".so."+f.generation)
}

// link makes a library that has a function and calls those of others, without saying where they lie.
func (f *fakeCUDA) link(stem string, needs ...string) {
	f.t.Helper()
	f.compile(f.path(stem), strings.ReplaceAll(stem, "-", "_")+f.generation, needs...)
}

func (f *fakeCUDA) provider(needs ...string) {
	f.t.Helper()
	f.compile(filepath.Join(f.dir, "libonnxruntime_providers_cuda.so"), "provider"+f.generation, needs...)
}

func (f *fakeCUDA) compile(path, function string, needs ...string) {
	f.t.Helper()
	var code, calls strings.Builder
	args := []string{
		"-shared", "-fPIC", "-Wl,-soname," + filepath.Base(path), "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined",
		"-o", path, "-x", "c", "-", "-x", "none",
	}
	for _, n := range append(needs, unlinked(function)...) {
		code.WriteString("void " + n + f.generation + "(void);\n")
		calls.WriteString(n + f.generation + "();")
	}
	for _, n := range needs {
		args = append(args, f.path(n))
	}
	code.WriteString("void " + function + "(void) {" + calls.String() + "}\n")
	cmd := exec.CommandContext(f.t.Context(), "gcc", args...)
	cmd.Stdin = strings.NewReader(code.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("gcc %q: %v: %s", args, err, out)
	}
}

// unlinked are libraries that the provider calls without saying that it needs them, as libraries do that others open
// for them.
func unlinked(function string) []string {
	if strings.HasPrefix(function, "provider") {
		return []string{"curand"}
	}
	return nil
}

// lib is the runtime library beside them, which need not be there.
func (f *fakeCUDA) lib() string { return filepath.Join(f.dir, "libonnxruntime.so.1.24.4") }

func TestCUDALibrariesAreFoundByName(t *testing.T) {
	t.Parallel()
	f := newFakeCUDA(t, "9001")
	provider := filepath.Join(f.dir, "libonnxruntime_providers_cuda.so")
	if err := openGlobally(provider); err == nil {
		t.Fatal("the provider opens by itself, so this test shows nothing")
	}
	if err := openCUDALibraries(f.lib()); err != nil {
		t.Fatal(err)
	}
	if err := openGlobally(provider); err != nil {
		t.Errorf("the provider: %v", err)
	}
}

func TestCUDALibrariesFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		generation string
		spoil      func(*testing.T, *fakeCUDA)
		want       []string
	}{
		"a missing library": {"9002", func(t *testing.T, f *fakeCUDA) { remove(t, f.path("cudnn")) },
			[]string{"libcudnn.so.9002: missing beside ", "`darkroom runtime pull cuda9002`"}},
		"no provider": {"9003", func(t *testing.T, f *fakeCUDA) {
			remove(t, filepath.Join(f.dir, "libonnxruntime_providers_cuda.so"))
		}, []string{"libonnxruntime.so.1.24.4 has no CUDA"}},
		"another processor": {"9004", func(t *testing.T, f *fakeCUDA) {
			data, err := os.ReadFile(f.path("cublas"))
			if err != nil {
				t.Fatal(err)
			}
			data[18], data[19] = 243, 0 // e_machine: RISC-V
			if err := os.WriteFile(f.path("cublas"), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"libcublas.so.9004: a library for EM_RISCV, want one for "}},
		"half a library": {"9005", func(t *testing.T, f *fakeCUDA) {
			if err := os.Truncate(f.path("cudart"), 100); err != nil {
				t.Fatal(err)
			}
		}, []string{"libcudart.so.9005"}},
		"no driver": {"9006", func(t *testing.T, f *fakeCUDA) {
			f.compile(filepath.Join(f.dir, "libcuda.so.1"), "cuda9006")
			linkDriver(f)
			remove(t, filepath.Join(f.dir, "libcuda.so.1"))
		}, []string{"there is no NVIDIA driver", "libcuda.so.1", "install the driver"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "no driver" && openGlobally("libcuda.so.1") == nil {
				t.Skip("there is a driver")
			}
			f := newFakeCUDA(t, c.generation)
			c.spoil(t, f)
			err := openCUDALibraries(f.lib())
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, want one line", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}

// linkDriver links the provider with the driver's library, as the build for CUDA 13 is.
func linkDriver(f *fakeCUDA) {
	f.t.Helper()
	provider := filepath.Join(f.dir, "libonnxruntime_providers_cuda.so")
	cmd := exec.CommandContext(
		f.t.Context(), "gcc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", "-o", provider,
		"-x", "c", "/dev/null", "-x", "none", filepath.Join(f.dir, "libcuda.so.1"), f.path("cudart"),
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("gcc: %v: %s", err, out)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestCUDALibrariesInOrder(t *testing.T) {
	t.Parallel()
	f := newFakeCUDA(t, "9007")
	var got []string
	for _, path := range library.CUDALibraries(f.lib()) {
		got = append(got, filepath.Base(path))
	}
	const want = "libcudart.so.9007 libcublasLt.so.9007 libcublas.so.9007 libcurand.so.9007 libcudnn.so.9007"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
	needed, err := library.NeededByCUDA(f.lib())
	if err != nil || len(needed) != 3 || library.CUDAGeneration(needed) != "9007" {
		t.Errorf("got %q, %v, want three libraries of CUDA 9007", needed, err)
	}
}

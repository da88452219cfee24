package library

import (
	"debug/elf"
	"debug/macho"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// entrySymbol is the one symbol that every use of the runtime begins with.
const entrySymbol = "OrtGetApiBase"

// Inspect returns the version that a library file carries, or "" where it carries none. It refuses a file that is
// not an ONNX Runtime library for this machine.
func Inspect(path string) (string, error) { return InspectFor(path, runtime.GOOS, runtime.GOARCH) }

// InspectFor is Inspect for another operating system and processor, as Go names them.
func InspectFor(path, goos, goarch string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open library: %w", err)
	}
	defer f.Close()
	if goos == "darwin" {
		return inspectMacho(f, path, goarch)
	}
	return inspectELF(f, path, goarch)
}

// inspectELF reads the version from the symbol version that the build gives its entry point, "VERS_1.24.3".
func inspectELF(f *os.File, path, goarch string) (string, error) {
	file, err := openELF(f, path, goarch)
	if err != nil {
		return "", err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return "", fmt.Errorf("%s: read symbols: %w", path, err)
	}
	for _, s := range symbols {
		if s.Name == entrySymbol {
			return strings.TrimPrefix(s.Version, "VERS_"), nil
		}
	}
	return "", fmt.Errorf("%s: not ONNX Runtime (it has no %s)", path, entrySymbol)
}

func machine(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return m.String()
}

// loadIDDylib is the Mach-O load command that names a library; its current_version packs X.Y.Z into 16, 8 and 8 bits.
const loadIDDylib = 0xd

// inspectMacho reads the version from the library's own name record.
func inspectMacho(f *os.File, path, goarch string) (string, error) {
	file, err := macho.NewFile(f)
	if err != nil {
		return "", fmt.Errorf("%s: not a macOS library", path)
	}
	want := map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}[goarch]
	if file.Cpu != want {
		return "", fmt.Errorf("%s: a library for %s, want one for %s", path, file.Cpu, goarch)
	}
	if err := exportsEntry(file); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	for _, load := range file.Loads {
		raw := load.Raw()
		if len(raw) < 20 || file.ByteOrder.Uint32(raw) != loadIDDylib {
			continue
		}
		return unpackVersion(file.ByteOrder, raw[16:20]), nil
	}
	return "", nil
}

func exportsEntry(file *macho.File) error {
	if file.Symtab != nil {
		for _, s := range file.Symtab.Syms {
			if s.Name == "_"+entrySymbol {
				return nil
			}
		}
	}
	return errors.New("not ONNX Runtime (it has no " + entrySymbol + ")")
}

func unpackVersion(order binary.ByteOrder, b []byte) string {
	v := order.Uint32(b)
	return fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff)
}

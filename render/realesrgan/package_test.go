package realesrgan

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"darkroom/render/onnx/install"
)

// small is a package whose upscaler is a small network of package ncnn, and the folder with its members.
func small(t *testing.T) (Package, string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"dense.param", "dense.bin"} {
		data, err := os.ReadFile(filepath.Join("../ncnn/testdata", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p := Package{
		Archive: install.Archive{Project: "small", Version: "1.0"}, LicenseID: "MIT",
		Upscalers: []Upscaler{{
			Name: "realesrgan-dense", Scale: 2, Param: install.Member{Name: "dense.param"}, Bin: install.Member{Name: "dense.bin"},
		}},
	}
	data, err := p.ONNX(p.Upscalers[0], dir)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	p.Upscalers[0].SHA256 = hex.EncodeToString(sum[:])
	return p, dir
}

func TestWrite(t *testing.T) {
	t.Parallel()
	p, dir := small(t)
	u := p.Upscalers[0]
	path, err := p.Write(u, dir)
	if err != nil || path != filepath.Join(dir, "realesrgan-dense.onnx") {
		t.Fatalf("got %s, %v", path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), "small 1.0, dense.param") || !strings.Contains(string(data), "MIT") {
		t.Errorf("got %d bytes, %v, want where it comes from and its licence in them", len(data), err)
	}
	for want, change := range map[string]func(*Upscaler){
		"its images are 2 times larger, want 4": func(u *Upscaler) { u.Scale = 4 },
		"want 00":                               func(u *Upscaler) { u.SHA256 = "00" },
		"no such file":                          func(u *Upscaler) { u.Bin.Name = "none" },
		"weights of the kind":                   func(u *Upscaler) { u.Bin.Name = "dense.param" },
	} {
		bad := u
		change(&bad)
		if _, err := p.Write(bad, dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	p := Pinned()
	for name, want := range map[string]string{
		"x4plus": "realesrgan-x4plus", "realesrgan-x4plus-anime": "realesrgan-x4plus-anime",
		"animevideov3-x2": "realesr-animevideov3-x2",
	} {
		if got, err := p.Find(name); err != nil || len(got) != 1 || got[0].Name != want {
			t.Errorf("%s: got %+v, %v, want %s", name, got, err, want)
		}
	}
	if got, err := p.Find(""); err != nil || len(got) != 5 {
		t.Errorf("got %d, %v, want all five", len(got), err)
	}
	if _, err := p.Find("x8"); err == nil || !strings.Contains(err.Error(), "try one of: realesrgan-x4plus, ") {
		t.Errorf("got %v, want what there is", err)
	}
}

// What is pinned can be fetched: no hash is missing, and no name occurs twice for different contents.
func TestPinned(t *testing.T) {
	t.Parallel()
	p := Pinned()
	sum := regexp.MustCompile(`^[0-9a-f]{64}$`)
	sums, made := map[string]string{}, map[string]bool{}
	for _, m := range p.Needs(p.Upscalers).Members {
		if !sum.MatchString(m.SHA256) || m.Size <= 0 || !strings.HasSuffix(m.Path, "/"+m.Name) || sums[m.Name] != "" {
			t.Errorf("%+v: want a path, a size and a hash, once", m)
		}
		sums[m.Name] = m.SHA256
	}
	for _, u := range p.Upscalers {
		if !sum.MatchString(u.SHA256) || made[u.SHA256] || u.Size < u.Bin.Size || u.About == "" || u.Scale < 2 {
			t.Errorf("%+v: want all that is known", u)
		}
		made[u.SHA256] = true
	}
	if !sum.MatchString(p.Archive.SHA256) || p.Archive.Size <= 0 || len(sums) != 11 {
		t.Errorf("%+v with %d members, want a hash, a size and 11 members", p.Archive, len(sums))
	}
}

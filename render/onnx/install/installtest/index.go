package installtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"testing"
	"time"

	"darkroom/render/download"
	"darkroom/render/onnx/install"
	"darkroom/render/registry"
)

// Index is a package index on a local server: it lists the files of projects, as JSON, and serves them with ranges and
// entity tags.
type Index struct {
	server *httptest.Server

	mu     sync.Mutex
	files  map[string]map[string][]byte // by project and file
	breaks map[string][]int             // bytes after which the next answers of a file break off
	asked  []string                     // requests of files, "lib.whl bytes=100-"
}

// NewIndex starts an empty index, and stops it with the test.
func NewIndex(t testing.TB) *Index {
	x := &Index{files: map[string]map[string][]byte{}, breaks: map[string][]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /simple/{project}/", x.list)
	mux.HandleFunc("GET /files/{project}/{file}", x.serve)
	x.server = httptest.NewServer(mux)
	t.Cleanup(x.server.Close)
	return x
}

// Put serves a file of a project from now on.
func (x *Index) Put(project, file string, data []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.files[project] == nil {
		x.files[project] = map[string][]byte{}
	}
	x.files[project][file] = data
}

// Remove serves a file no longer, and lists it no longer.
func (x *Index) Remove(project, file string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.files[project], file)
}

// BreakOff has the next answers of a file break off, each after so many bytes.
func (x *Index) BreakOff(file string, after ...int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.breaks[file] = after
}

// Asked returns the requests of files since the last call, such as "lib.whl" or "lib.whl bytes=100-".
func (x *Index) Asked() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	asked := x.asked
	x.asked = nil
	return asked
}

func (x *Index) list(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	project := r.PathValue("project")
	if x.files[project] == nil {
		http.NotFound(w, r)
		return
	}
	type file struct {
		Name string `json:"filename"`
		URL  string `json:"url"`
	}
	all := []file{}
	for name := range x.files[project] {
		all = append(all, file{name, "../../files/" + project + "/" + name})
	}
	w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	body, err := json.Marshal(struct {
		Files []file `json:"files"`
	}{all})
	if err != nil {
		panic("internal error: the list must always encode: " + err.Error())
	}
	_, _ = w.Write(body) // fails when the client has gone
}

func (x *Index) serve(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	name := r.PathValue("file")
	data, ok := x.files[r.PathValue("project")][name]
	asked := name
	if span := r.Header.Get("Range"); span != "" {
		asked += " " + span
	}
	x.asked = append(x.asked, asked)
	limit := -1
	if left := x.breaks[name]; len(left) > 0 {
		limit, x.breaks[name] = left[0], left[1:]
	}
	x.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", `"`+Hash(data)[:16]+`"`)
	if limit >= 0 {
		w = &breaking{w, limit}
	}
	http.ServeContent(w, r, path.Base(name), time.Time{}, bytes.NewReader(data))
}

// breaking cuts the connection after some bytes of the body.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p[:min(len(p), b.left)])
	if b.left -= n; b.left == 0 {
		_ = http.NewResponseController(b.ResponseWriter).Flush() // what was written is to arrive
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// Fetcher fetches from the index, without waiting between tries.
func (x *Index) Fetcher() install.Fetcher {
	return install.Fetcher{
		Registries: registry.Settings{
			Getenv: func(name string) string {
				if name == "PIP_INDEX_URL" {
					return x.server.URL + "/simple"
				}
				return ""
			},
			RunTool: func(context.Context, string, ...string) (string, error) { return "", errors.New("not installed") },
		},
		Client: &download.Client{
			PlainHTTP: true, Tries: 2, Wait: func(context.Context, time.Duration) error { return nil },
		},
	}
}

// Wheel puts a wheel with these libraries, each below lib/, into the index, and returns its pins.
func (x *Index) Wheel(t testing.TB, project string, libs map[string][]byte) install.Archive {
	t.Helper()
	members := map[string][]byte{"METADATA": []byte("left out")}
	a := install.Archive{Source: install.PyPI, Project: project, Version: "1.0", File: project + "-1.0-py3-none-any.whl"}
	for name, data := range libs {
		members["lib/"+name] = data
		a.Members = append(a.Members, install.Member{
			Path: "lib/" + name, Name: name, Size: int64(len(data)), SHA256: Hash(data),
		})
	}
	data := Zip(t, members)
	a.Size, a.SHA256 = int64(len(data)), Hash(data)
	x.Put(project, a.File, data)
	return a
}

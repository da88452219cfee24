// Package hubtest is a hub of models for tests: it answers as Hugging Face's does, and badly where a test wants it to.
//
// Large files lie on a second host, the CDN, to which the hub redirects with a signed address. The CDN refuses requests
// that bring the hub's token.
package hubtest

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Model is a repository of the hub, with one commit.
type Model struct {
	Files   map[string][]byte // by their path
	Card    map[string]any    // cardData of its README
	Private string            // the token that may read it; "" for everybody
	Gated   bool              // nobody has accepted its terms

	files map[string]content
}

// Server is the hub.
type Server struct {
	URL string
	CDN string
	// Page is how many files the hub lists at once.
	Page int

	hub, cdn *httptest.Server

	mu        sync.Mutex
	models    map[string]Model // by OWNER/NAME
	intercept http.HandlerFunc
	requests  []Request
}

// Request is one request that came.
type Request struct {
	CDN          bool
	Path         string // with its query
	Token, Range string // the headers Authorization and Range
}

// New starts a hub that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{models: map[string]Model{}, Page: 1000}
	quiet := log.New(discard{}, "", 0)
	start := func(h http.HandlerFunc) *httptest.Server {
		one := httptest.NewUnstartedServer(h)
		one.Config.ErrorLog = quiet // a handler that breaks a connection off panics
		one.StartTLS()
		t.Cleanup(one.Close)
		return one
	}
	s.hub, s.cdn = start(s.serveHub), start(s.serveCDN)
	s.URL, s.CDN = s.hub.URL, s.cdn.URL
	return s
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Transport sends requests and trusts the certificates of both hosts.
func (s *Server) Transport() http.RoundTripper {
	roots := x509.NewCertPool()
	roots.AddCert(s.hub.Certificate())
	roots.AddCert(s.cdn.Certificate())
	transport := s.hub.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = roots
	return transport
}

// Add puts a model on the hub.
func (s *Server) Add(name string, m Model) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.files == nil {
		m.files = map[string]content{}
	}
	for file, data := range m.Files {
		m.files[file] = content{data: data, size: int64(len(data)), sum: Sum(data), blob: Blob(data)}
	}
	s.models[name] = m
}

// AddFolder puts the files below a folder on the hub. They stay where they are.
func (s *Server) AddFolder(t testing.TB, name, dir string, card map[string]any) {
	t.Helper()
	m := Model{Card: card, files: map[string]content{}}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			m.files[filepath.ToSlash(rel)], err = readContent(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Add(name, m)
}

// Intercept gives a handler each request first. It answers by http.ErrAbortHandler's panic, or by writing; what it
// leaves unanswered is answered as usual. It may change the request.
func (s *Server) Intercept(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = h
}

// Requests returns what has come so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// note keeps a request, and returns the test's handler.
func (s *Server) note(r *http.Request, cdn bool) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		CDN: cdn, Path: r.URL.RequestURI(), Token: r.Header.Get("Authorization"), Range: r.Header.Get("Range"),
	})
	return s.intercept
}

func (s *Server) model(name string) (Model, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.models[name]
	return m, ok
}

// answered is a response writer that knows whether it was used.
type answered struct {
	http.ResponseWriter
	used bool
}

func (a *answered) WriteHeader(code int) { a.used = true; a.ResponseWriter.WriteHeader(code) }

func (a *answered) Write(p []byte) (int, error) { a.used = true; return a.ResponseWriter.Write(p) }

// Flush sends what was written.
func (a *answered) Flush() { a.ResponseWriter.(http.Flusher).Flush() }

// tried tells whether the test's handler has answered.
func tried(h http.HandlerFunc, w http.ResponseWriter, r *http.Request) bool {
	if h == nil {
		return false
	}
	a := &answered{ResponseWriter: w}
	h(a, r)
	return a.used
}

// Refuse answers as the hub does: the reason is in a header.
func Refuse(w http.ResponseWriter, code int, reason, message string) {
	if reason != "" {
		w.Header().Set("X-Error-Code", reason)
	}
	w.Header().Set("X-Error-Message", message)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"error":%q}`, message)
}

// serveHub answers /api/models/OWNER/NAME/{revision,tree}/… and /OWNER/NAME/resolve/….
func (s *Server) serveHub(w http.ResponseWriter, r *http.Request) {
	if tried(s.note(r, false), w, r) {
		return
	}
	at := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/models"), "/")[1:]
	if len(at) < 4 {
		Refuse(w, http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
		return
	}
	name, m, ok := s.open(w, r, at)
	if !ok {
		return
	}
	commit := commitOf(name)
	if at[3] != "main" && at[3] != commit {
		Refuse(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+at[3])
		return
	}
	w.Header().Set("X-Repo-Commit", commit)
	rest := strings.Join(at[4:], "/")
	switch at[2] {
	case "revision":
		m.info(w, name)
	case "tree":
		s.list(w, r, m, rest)
	case "resolve":
		s.resolve(w, r, m, name, rest)
	default:
		http.NotFound(w, r)
	}
}

// open finds a model, if the request's token may read it. A gated model can be listed, and its files cannot be fetched.
func (s *Server) open(w http.ResponseWriter, r *http.Request, at []string) (string, Model, bool) {
	name := at[0] + "/" + at[1]
	m, ok := s.model(name)
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case token == "hf_wrong":
		Refuse(w, http.StatusUnauthorized, "", "Invalid credentials in Authorization header")
	case (!ok || m.Private != "" && m.Private != token) && token == "":
		Refuse(w, http.StatusUnauthorized, "", "Invalid username or password.")
	case !ok || m.Private != "" && m.Private != token:
		Refuse(w, http.StatusNotFound, "RepoNotFound", "Repository not found")
	case m.Gated && at[2] == "resolve" && token == "":
		Refuse(w, http.StatusUnauthorized, "GatedRepo", "Access to model "+name+" is restricted.")
	case m.Gated && at[2] == "resolve":
		Refuse(w, http.StatusForbidden, "GatedRepo", "Access to model "+name+" is restricted.")
	default:
		return name, m, true
	}
	return "", Model{}, false
}

func (m Model) info(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"id": name, "sha": commitOf(name), "cardData": m.Card, "tags": []string{}})
}

// list answers a page of the files below a folder, and where the next page is.
func (s *Server) list(w http.ResponseWriter, r *http.Request, m Model, dir string) {
	var names []string
	for name := range m.files {
		if dir == "" || strings.HasPrefix(name, dir+"/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	to := min(len(names), from+s.Page)
	entries := []map[string]any{}
	for _, name := range names[min(from, to):to] {
		if parent := path.Dir(name); parent != "." && from == 0 {
			entries = append(entries, map[string]any{"type": "directory", "path": parent, "oid": Blob(nil), "size": 0})
		}
		entries = append(entries, m.files[name].entry(name))
	}
	if to < len(names) {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?recursive=true&cursor=%d>; rel="next"`, s.URL, r.URL.Path, to))
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(entries)
}

// Entry is a file's line in a listing.
func Entry(name string, data []byte) map[string]any {
	return content{size: int64(len(data)), sum: Sum(data), blob: Blob(data)}.entry(name)
}

// isLarge tells whether a file is in LFS, as the usual .gitattributes of models say.
func isLarge(name string) bool {
	return slices.Contains([]string{".safetensors", ".onnx", ".bin", ".ckpt", ".onnx_data", ".pt"}, path.Ext(name))
}

// resolve sends a small file, or leads to the CDN.
func (s *Server) resolve(w http.ResponseWriter, r *http.Request, m Model, name, file string) {
	c, ok := m.files[file]
	switch {
	case !ok:
		Refuse(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
	case isLarge(file):
		w.Header().Set("X-Linked-Etag", strconv.Quote(c.sum))
		w.Header().Set("X-Linked-Size", strconv.FormatInt(c.size, 10))
		http.Redirect(w, r, s.CDN+"/"+name+"/"+file+"?X-Amz-Signature=geheim", http.StatusFound)
	default:
		w.Header().Set("ETag", strconv.Quote(c.blob))
		c.serve(w, r)
	}
}

// serveCDN sends large files.
func (s *Server) serveCDN(w http.ResponseWriter, r *http.Request) {
	if tried(s.note(r, true), w, r) {
		return
	}
	if r.Header.Get("Authorization") != "" {
		http.Error(w, "Only one auth mechanism allowed", http.StatusBadRequest)
		return
	}
	at := strings.SplitN(r.URL.Path, "/", 4)
	m, ok := s.model(at[1] + "/" + at[2])
	c, ok2 := m.files[at[3]]
	if !ok || !ok2 || r.URL.Query().Get("X-Amz-Signature") != "geheim" {
		http.Error(w, "AccessDenied", http.StatusForbidden)
		return
	}
	w.Header().Set("ETag", strconv.Quote(c.sum[:32]))
	c.serve(w, r)
}

func commitOf(name string) string { return Blob([]byte(name)) }

package sandbox

import (
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// ServeHTTP implements http.Handler: the door, and which room a path leads to.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.allowed(r) {
		http.Error(w, "this sandbox answers only to its own address", http.StatusForbidden)
		return
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		s.rest.ServeHTTP(w, r)
	case strings.TrimSuffix(r.URL.Path, "/") == "/gateway":
		s.Gateway.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/attachments/"):
		s.cdn(w, r)
	default:
		s.page.ServeHTTP(w, r)
	}
}

// allowed keeps other websites out: a page elsewhere may reach loopback by a
// name of its own (DNS rebinding), which Host tells, or send requests across,
// which Origin tells.
func (s *Sandbox) allowed(r *http.Request) bool {
	if !s.knownHost(r.Host) {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		site := r.Header.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin" || site == "none" || followsLink(r)
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// followsLink says that a person came here by a link in another page: a whole
// page is shown, and the other one learns nothing of it.
func followsLink(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

func (s *Sandbox) knownHost(hostport string) bool {
	if "http://"+hostport == s.URL() {
		return true
	}
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if host == "localhost" || slices.Contains(s.options.Hosts, host) {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// cdn serves attachments by signed links. What is no picture is only offered for saving.
func (s *Sandbox) cdn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	data, kind, err := s.File(r.URL.EscapedPath(), r.URL.Query())
	if err != nil {
		http.Error(w, "This content is no longer available.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, max-age=86400")
	if !strings.HasPrefix(kind, "image/") {
		kind = "application/octet-stream"
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(r.URL.Path)}))
	}
	h.Set("Content-Type", kind)
	if r.Method == http.MethodGet {
		w.Write(data) // a client that has gone is no concern of ours
	}
}

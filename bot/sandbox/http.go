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

// ServeHTTP implements http.Handler. It refuses requests of other websites, and passes the others to the part of the
// sandbox that serves the path.
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

// allowed refuses requests of other websites. Such a site can reach loopback under its own name (DNS rebinding), which
// the Host header shows, or send requests from its own page, which the Origin header shows.
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

// followsLink reports whether a person followed a link from another website. That is safe: the browser shows a whole
// page, which the other website cannot read.
func followsLink(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document"
}

func (s *Sandbox) knownHost(hostport string) bool {
	if "http://"+hostport == s.URL() {
		return true
	}
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".") // a name is the same in capitals, and with the root's dot
	isHost := func(name string) bool { return strings.EqualFold(name, host) }
	if host == "localhost" || slices.ContainsFunc(s.options.Hosts, isHost) {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// cdn serves attachments by signed links. A browser shows images and downloads all other files.
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
		w.Write(data) // an error means that the client has disconnected
	}
}

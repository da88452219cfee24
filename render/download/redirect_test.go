package download

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// A token goes to the address's own host only, and no redirect leads to plain HTTP.
func TestRedirects(t *testing.T) {
	t.Parallel()
	data := content("redirected", 2*chunk)
	cdn := serve(t, whole(data, `"v1"`))
	insecure := httptest.NewServer(whole(data, ""))
	t.Cleanup(insecure.Close)
	var hub *server
	hub = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/there":
			http.Redirect(w, r, cdn.URL+"/object?signature=geheim", http.StatusTemporaryRedirect)
		case "/insecure":
			http.Redirect(w, r, insecure.URL, http.StatusFound)
		case "/nowhere":
			http.Redirect(w, r, "http://[::geheim", http.StatusFound)
		default:
			http.Redirect(w, r, hub.URL+"/around", http.StatusFound)
		}
	})
	client := hub.Client()
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs.AddCert(cdn.Certificate())
	fetch := func(path string) (File, error) {
		c := &Client{Transport: client.Transport, Wait: func(context.Context, time.Duration) error { return nil }}
		f := fileAt(t, hub, data)
		f.URL = hub.URL + path
		f.Header = http.Header{"Authorization": {"Bearer geheim"}, "Cookie": {"a=geheim"}, "X-Token": {"geheim"}}
		return f, c.Fetch(t.Context(), f, nil)
	}
	f, err := fetch("/here")
	if err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
	if got := hub.header("Authorization"); !slices.Equal(got, []string{"Bearer geheim", "Bearer geheim"}) {
		t.Errorf("the hub got %q", got)
	}
	for _, name := range []string{"Authorization", "Cookie", "X-Token", "Referer"} {
		if got := cdn.header(name); !slices.Equal(got, []string{""}) {
			t.Errorf("another host got %s: %q", name, got)
		}
	}
	for path, says := range map[string]string{
		"/insecure": "only https is allowed", "/nowhere": "no address", "/around": "more than 10 redirects",
	} {
		_, err := fetch(path)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got %v, want %q and no secret", path, err, says)
		}
	}
}

// The password of an address, such as that of a package mirror, is for the address's own host too.
func TestPassword(t *testing.T) {
	t.Parallel()
	other := serve(t, whole([]byte("here"), ""))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	client := s.Client()
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs.AddCert(other.Certificate())
	c := &Client{Transport: client.Transport}
	got, _, err := c.Document(t.Context(), strings.Replace(s.URL, "//", "//me:geheim@", 1), nil, 10)
	if err != nil || string(got) != "here" {
		t.Fatalf("got %q, %v", got, err)
	}
	if user, password, _ := s.requests[0].BasicAuth(); user != "me" || password != "geheim" {
		t.Errorf("got %q with %q, want the address's own", user, password)
	}
	if got := other.header("Authorization"); !slices.Equal(got, []string{""}) {
		t.Errorf("another host got %q", got)
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]bool{ // as usual, and with PlainHTTP
		"https://example.org/a": {true, true}, "http://example.org/a": {false, true}, "http://127.0.0.1/a": {false, true},
		"ftp://example.org/a": {}, "file:///a": {}, "/a": {}, "https:///a": {},
	} {
		for i, c := range []*Client{{}, {PlainHTTP: true}} {
			if _, err := c.allowed(address); (err == nil) != want[i] {
				t.Errorf("%s: got %v, want allowed %v, PlainHTTP is %v", address, err, want[i], c.PlainHTTP)
			}
		}
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://me:secret@example.org/a/b?token=secret#secret": "https://example.org/a/b",
		"https://me@example.org":                                "https://example.org",
		"https://exa mple/%zz":                                  "(an address that does not parse)",
	} {
		if got := Redacted(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFetcherAllows(t *testing.T) {
	t.Parallel()
	f := Fetcher{Hosts: []string{"127.0.0.1:4000"}}
	for address, want := range map[string]bool{
		"https://cdn.discordapp.com/attachments/1/2/a.png?ex=1": true,
		"https://CDN.discordapp.com/a.png":                      true,
		"https://media.discordapp.net/a.png":                    true,
		"http://127.0.0.1:4000/attachments/1/2/a.png":           true,
		"http://cdn.discordapp.com/a.png":                       false,
		"https://cdn.discordapp.com:8443/a.png":                 false,
		"https://cdn.discordapp.com.evil.example/a.png":         false,
		"https://evil.example/cdn.discordapp.com":               false,
		"https://user@cdn.discordapp.com/a.png":                 false,
		"http://169.254.169.254/latest":                         false,
		"http://127.0.0.1:4001/a.png":                           false,
		"file:///etc/passwd":                                    false,
		"":                                                      false,
	} {
		if got := f.Allows(address); got != want {
			t.Errorf("allows(%q): got %v, want %v", address, got, want)
		}
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer secret.Close()
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			fmt.Fprint(w, "bytes")
		case "/big":
			fmt.Fprint(w, strings.Repeat("x", 101))
		case "/away":
			http.Redirect(w, r, secret.URL, http.StatusFound)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/timeout":
			w.WriteHeader(http.StatusRequestTimeout)
		case "/blocked":
			w.Header().Set("Content-Type", "text/html; charset=UTF-8")
			w.WriteHeader(http.StatusForbidden)
		case "/expired":
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer cdn.Close()
	f := Fetcher{Hosts: []string{strings.TrimPrefix(cdn.URL, "http://")}}
	if data, err := f.Fetch(context.Background(), cdn.URL+"/good", 100); err != nil || string(data) != "bytes" {
		t.Errorf("got %q, %v; want the bytes", data, err)
	}
	for path, permanent := range map[string]bool{
		"/big": true, "/away": true, "/gone": true, "/expired": true, "/busy": false, "/timeout": false, "/blocked": false,
	} {
		_, err := f.Fetch(context.Background(), cdn.URL+path, 100)
		var n *FetchError
		if err == nil || errors.As(err, &n) != permanent {
			t.Errorf("%s: got %v, want an error that is for good: %v", path, err, permanent)
		}
		if err != nil && strings.Contains(err.Error(), "http://") {
			t.Errorf("%s: the error %q holds an address", path, err)
		}
	}
}

package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Getter fetches a small document; accept is the request's Accept header.
type Getter func(ctx context.Context, address, accept string) ([]byte, error)

// ErrNotListed says that a registry answers and does not have the file.
var ErrNotListed = errors.New("is not listed")

// Tarball asks npm's registry for the address of a version's tarball. Like npm, it takes the path but not the host from
// a mirror's answer that still names the public registry.
func (s Settings) Tarball(ctx context.Context, get Getter, name, version string) (string, error) {
	at := s.npm(ctx)
	body, err := get(ctx, at+"/"+name+"/"+version, "application/json")
	if err != nil {
		return "", err
	}
	var answer struct {
		Dist struct {
			Tarball string `json:"tarball"`
		} `json:"dist"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("read the registry's answer: %w", err)
	}
	if answer.Dist.Tarball == "" {
		return "", errors.New("the registry's answer names no tarball")
	}
	if rest, public := strings.CutPrefix(answer.Dist.Tarball, publicNPM); public && at != publicNPM {
		return at + rest, nil
	}
	return resolve(at+"/", answer.Dist.Tarball)
}

// Wheel looks a project's file up in the simple index of Python packages (PEP 503), in its JSON form (PEP 691) or its
// HTML form, whichever is served, and returns the file's address. The error is ErrNotListed where the index has no such
// file.
func (s Settings) Wheel(ctx context.Context, get Getter, project, file string) (string, error) {
	page := s.python(ctx) + "/" + project + "/"
	body, err := get(ctx, page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
	if err != nil {
		return "", err
	}
	for _, link := range links(body) {
		address, err := resolve(page, link)
		if err != nil {
			continue
		}
		if u, err := url.Parse(address); err == nil && path.Base(u.Path) == file {
			return address, nil
		}
	}
	return "", fmt.Errorf("%s %w in the package index", file, ErrNotListed)
}

// href finds the links of an HTML index page.
var href = regexp.MustCompile(`(?i)<a\s[^>]*href\s*=\s*["']([^"']+)["']`)

func links(body []byte) []string {
	var index struct {
		Files []struct {
			URL string `json:"url"`
		} `json:"files"`
	}
	var found []string
	if json.Unmarshal(body, &index) == nil {
		for _, f := range index.Files {
			found = append(found, f.URL)
		}
		return found
	}
	for _, m := range href.FindAllSubmatch(body, -1) {
		found = append(found, html.UnescapeString(string(m[1])))
	}
	return found
}

// resolve reads a link relative to its page and hands the page's credentials on, to the same host only.
func resolve(page, link string) (string, error) {
	from, err := url.Parse(page)
	if err != nil {
		return "", errors.New("the registry's own address does not parse")
	}
	to, err := from.Parse(link)
	if err != nil {
		return "", errors.New("the registry names something that is no address")
	}
	to.Fragment = ""
	if to.User == nil && to.Host == from.Host && to.Scheme == from.Scheme {
		to.User = from.User
	}
	return to.String(), nil
}

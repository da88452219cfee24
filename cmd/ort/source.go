package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// source is one place to get the library from.
type source struct {
	name   string // as --from takes it
	title  string // as it is called in messages
	pins   map[string]pin
	locate func(ctx context.Context, get getter, p pin) (string, error)
}

// getter fetches a small document.
type getter func(ctx context.Context, address, accept string) ([]byte, error)

// maxDocument bounds a registry's answer; the Python index of this package is about 0.5 MB.
const maxDocument = 16 << 20

// sources lists all sources in the order they are tried: the smallest download first.
func sources(s environment) []source {
	return []source{
		{"release", "the official release archive", releases(), locateRelease},
		{"pypi", "the Python package onnxruntime", wheels(), s.locateWheel},
		{"npm", "the npm package onnxruntime-node", tarballs(), s.locateTarball},
	}
}

func locateRelease(_ context.Context, _ getter, p pin) (string, error) {
	return releaseURL + "/v" + version + "/" + p.file, nil
}

// locateTarball asks the registry for the version's tarball. Like npm, it takes the path but not the host from a
// mirror's answer that still names the public registry.
func (s environment) locateTarball(ctx context.Context, get getter, p pin) (string, error) {
	registry := s.npmRegistry(ctx)
	body, err := get(ctx, registry+"/onnxruntime-node/"+version, "application/json")
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
	if rest, public := strings.CutPrefix(answer.Dist.Tarball, publicNPM); public && registry != publicNPM {
		return registry + rest, nil
	}
	return resolve(registry+"/", answer.Dist.Tarball)
}

// locateWheel looks the wheel up in the simple index, in its JSON form or its HTML form, whichever is served.
func (s environment) locateWheel(ctx context.Context, get getter, p pin) (string, error) {
	page := s.pythonIndex(ctx) + "/onnxruntime/"
	body, err := get(ctx, page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
	if err != nil {
		return "", err
	}
	for _, link := range links(body) {
		address, err := resolve(page, link)
		if err != nil {
			continue
		}
		if u, err := url.Parse(address); err == nil && path.Base(u.Path) == p.file {
			return address, nil
		}
	}
	return "", fmt.Errorf("the index does not list %s", p.file)
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
		return "", fmt.Errorf("read address: %w", err)
	}
	to, err := from.Parse(link)
	if err != nil {
		return "", fmt.Errorf("read link: %w", err)
	}
	to.Fragment = ""
	if to.User == nil && to.Host == from.Host && to.Scheme == from.Scheme {
		to.User = from.User
	}
	return to.String(), nil
}

// document fetches a small document with a client.
func document(client *http.Client) getter {
	return func(ctx context.Context, address, accept string) ([]byte, error) {
		body, _, err := open(ctx, client, address, accept)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		data, err := io.ReadAll(io.LimitReader(body, maxDocument))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", redacted(address), err)
		}
		return data, nil
	}
}

package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"darkroom/render/download"
)

// Client talks to one hub.
type Client struct {
	Endpoint string // the hub's address, such as https://huggingface.co
	Token    string // of an account there; "" for none. It goes to the endpoint's own host only.
	Download *download.Client
}

// Repository is what a revision holds.
type Repository struct {
	Name    Name
	Commit  string // of the revision, 40 hex digits: a branch may move meanwhile
	License License
	Files   []File // of the whole repository, or of Name.Path
}

// License is what a repository's card says of its licence. All texts can be shown.
type License struct {
	ID   string // as the hub calls it, "openrail++" for example; "" where the card says nothing
	Name string // of one that the hub does not know
	Link string
}

// String is the licence as people read it.
func (l License) String() string {
	text := l.ID
	if l.Name != "" {
		text = l.Name
	}
	if text == "" {
		text = "none stated"
	}
	if l.Link != "" {
		text += ", " + l.Link
	}
	return text
}

// File is one file of a commit.
type File struct {
	Path   string // slash-separated, and safe: see IsSafe
	Size   int64
	SHA256 string // of a file in Git LFS; "" for a small file
	Blob   string // by which git names a small file; "" for a file in LFS
}

const (
	maxDocument = 16 << 20 // bytes of one answer of the API; a page of 1000 files has about 0.3 MB
	maxFiles    = 30_000
)

// Read pins a revision to its commit and lists its files. A path that is a file, or a folder, gives that alone.
func (c *Client) Read(ctx context.Context, n Name) (*Repository, error) {
	var info struct {
		Sha   string          `json:"sha"`
		Tags  []string        `json:"tags"`
		Card  json.RawMessage `json:"cardData"`
		Model string          `json:"id"`
	}
	at := "/api/models/" + n.Repository() + "/revision/" + url.PathEscape(n.Revision)
	if _, err := c.get(ctx, n, at, &info); err != nil {
		return nil, err
	}
	if !commit.MatchString(info.Sha) {
		return nil, fmt.Errorf("%s: the hub names no commit of the revision %s", n.Repository(), n.Revision)
	}
	r := &Repository{Name: n, Commit: info.Sha, License: readLicense(info.Card, info.Tags, c.page(n, info.Sha))}
	var err error
	if r.Files, err = c.list(ctx, r); err != nil {
		return nil, err
	}
	if n.Path != "" {
		r.Files = below(r.Files, n.Path)
	}
	if len(r.Files) == 0 {
		return nil, c.nothing(n)
	}
	return r, nil
}

func (c *Client) nothing(n Name) error {
	if n.Path != "" {
		return fmt.Errorf("%s has no file %s (revision %s)", n.Repository(), n.Path, n.Revision)
	}
	return fmt.Errorf("%s is empty", n.Repository())
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// page is the address of a commit's files.
func (c *Client) page(n Name, commit string) string {
	return c.endpoint() + "/" + n.Repository() + "/blob/" + commit + "/"
}

func (c *Client) endpoint() string { return strings.TrimRight(c.Endpoint, "/") }

// below keeps the file at a path, or all files in the folder at it.
func below(all []File, at string) []File {
	var kept []File
	for _, f := range all {
		if f.Path == at || strings.HasPrefix(f.Path, at+"/") {
			kept = append(kept, f)
		}
	}
	return kept
}

// entry is one line of a listing.
type entry struct {
	Type string `json:"type"`
	Path string `json:"path"`
	Oid  string `json:"oid"`
	Size int64  `json:"size"`
	LFS  *struct {
		Oid  string `json:"oid"`
		Size int64  `json:"size"`
	} `json:"lfs"`
}

// list reads all pages of a commit's files. Of a page's link to the next one only the query counts: a mirror may pass
// on an address of the hub behind it, to which this hub's token must not go.
func (c *Client) list(ctx context.Context, r *Repository) ([]File, error) {
	at := "/api/models/" + r.Name.Repository() + "/tree/" + r.Commit
	if dir := path.Dir(r.Name.Path); dir != "." {
		at += "/" + escape(dir)
	}
	var files []File
	asked, named := map[string]bool{}, map[string]bool{}
	for query := "recursive=true"; query != ""; {
		if asked[query] {
			return nil, fmt.Errorf("%s: the hub's listing goes round in circles", r.Name.Repository())
		}
		asked[query] = true
		var page []entry
		header, err := c.get(ctx, r.Name, at+"?"+query, &page)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			f, ok, err := e.file()
			switch {
			case err != nil:
				return nil, fmt.Errorf("%s: %w; nothing is fetched", r.Name.Repository(), err)
			case ok && named[f.Path]:
				return nil, fmt.Errorf("%s: the hub lists %s twice; nothing is fetched", r.Name.Repository(), f.Path)
			case ok:
				named[f.Path] = true
				files = append(files, f)
			}
		}
		if len(files) > maxFiles {
			return nil, fmt.Errorf("%s has more than %d files; name one: OWNER/NAME/FOLDER/FILE", r.Name.Repository(), maxFiles)
		}
		query = nextQuery(header)
	}
	return files, nil
}

var (
	sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)
	sha1Hex   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// file reads a line of a listing; false for a folder. A name that leads elsewhere is an error.
func (e entry) file() (File, bool, error) {
	if !IsSafe(e.Path) {
		return File{}, false, fmt.Errorf("the hub lists the name %q, which is not safe", shown(e.Path))
	}
	if e.Type != "file" {
		return File{}, false, nil
	}
	f := File{Path: e.Path, Size: e.Size, Blob: e.Oid}
	if e.LFS != nil {
		f.Size, f.SHA256, f.Blob = e.LFS.Size, e.LFS.Oid, ""
	}
	if f.Size < 0 || !sha256Hex.MatchString(f.SHA256) && !sha1Hex.MatchString(f.Blob) {
		return File{}, false, fmt.Errorf("the hub lists %s without its size and hash", e.Path)
	}
	return f, true, nil
}

// nextLink finds the address of the next page in a Link header (RFC 8288).
var nextLink = regexp.MustCompile(`<([^<>]*)>\s*;[^,<]*\brel="?next"?`)

// nextQuery is the query of the next page's address, "" on the last page.
func nextQuery(header http.Header) string {
	for _, line := range header.Values("Link") {
		if m := nextLink.FindStringSubmatch(line); m != nil {
			if u, err := url.Parse(m[1]); err == nil {
				return u.RawQuery
			}
		}
	}
	return ""
}

// get reads an answer of the API.
func (c *Client) get(ctx context.Context, n Name, at string, into any) (http.Header, error) {
	header := c.header()
	header.Set("Accept", "application/json")
	data, got, err := c.Download.Document(ctx, c.endpoint()+at, header, maxDocument)
	if err != nil {
		return nil, c.explain(n, "", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, fmt.Errorf("%s: the answer is not that of a hub: %w", download.Redacted(c.endpoint()+at), errNotJSON(err))
	}
	return got, nil
}

// errNotJSON keeps the kind of an error of JSON, and no part of the answer.
func errNotJSON(err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("no JSON at byte %d", s.Offset)
	}
	if k, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("another type of JSON at byte %d", k.Offset)
	}
	return errors.New("no JSON")
}

func (c *Client) header() http.Header {
	h := http.Header{}
	if c.Token != "" {
		h.Set("Authorization", "Bearer "+c.Token)
	}
	return h
}

// escape writes a path for an address.
func escape(name string) string {
	steps := strings.Split(name, "/")
	for i, step := range steps {
		steps[i] = url.PathEscape(step)
	}
	return strings.Join(steps, "/")
}

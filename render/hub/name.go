package hub

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name names a repository of models, and perhaps a revision and a file or folder in it.
type Name struct {
	Owner, Model string
	Revision     string // a branch, a tag or a commit; "main" where none is named
	Path         string // slash-separated; "" for the whole repository
}

// Repository is OWNER/NAME.
func (n Name) Repository() string { return n.Owner + "/" + n.Model }

// String is the name as ParseName reads it.
func (n Name) String() string {
	text := n.Repository()
	if n.Revision != mainRevision {
		text += "@" + strings.ReplaceAll(n.Revision, "/", "%2F")
	}
	if n.Path != "" {
		text += "/" + n.Path
	}
	return text
}

// mainRevision is the branch that every repository has.
const mainRevision = "main"

// part is an owner's or a repository's name, as the hub allows them: at most 96 characters.
var part = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$`)

// numbered are the revisions that the hub itself makes, which hold slashes.
var numbered = regexp.MustCompile(`^(refs/(?:pr/\d+|convert/[A-Za-z0-9_-]+))(?:/(.*))?$`)

// ParseName reads OWNER/NAME[@REVISION][/FILE], or the address of a page of the hub at endpoint. A slash in a revision
// is written %2F, except in refs/pr/N.
func ParseName(text, endpoint string) (Name, error) {
	wrong := func(why string) (Name, error) {
		return Name{}, fmt.Errorf("%q: %s; want OWNER/NAME, OWNER/NAME/FILE or OWNER/NAME@REVISION/FILE", text, why)
	}
	short := text
	if strings.Contains(text, "://") {
		own, ok := fromAddress(text, endpoint)
		if !ok {
			return wrong("no address of a model on " + endpoint)
		}
		short = own
	}
	owner, rest, _ := strings.Cut(short, "/")
	n := Name{Owner: owner, Revision: mainRevision}
	at := strings.IndexAny(rest, "@/")
	n.Model, rest = rest[:max(at, 0)], rest[max(at, 0):]
	if at < 0 {
		n.Model, rest = rest, ""
	}
	if revision, ok := strings.CutPrefix(rest, "@"); ok {
		n.Revision, n.Path = cutRevision(revision)
	} else {
		n.Path = strings.TrimPrefix(rest, "/")
	}
	n.Path = strings.TrimSuffix(n.Path, "/")
	switch {
	case !part.MatchString(n.Owner) || !part.MatchString(n.Model) || strings.Contains(n.Owner+n.Model, ".."):
		return wrong("no name of a model on a hub")
	case n.Revision == "" || len(n.Revision) > maxRevision || !isPlain(n.Revision) || hasDots(n.Revision):
		return wrong("no revision after the @")
	case n.Path != "" && !IsSafe(n.Path):
		return wrong("no file of a repository")
	}
	return n, nil
}

const maxRevision = 200 // characters

// cutRevision divides what follows the @ into a revision and a file.
func cutRevision(text string) (revision, file string) {
	if m := numbered.FindStringSubmatch(text); m != nil {
		return m[1], m[2]
	}
	revision, file, _ = strings.Cut(text, "/")
	if plain, err := url.PathUnescape(revision); err == nil {
		revision = plain
	}
	return revision, file
}

// fromAddress makes OWNER/NAME@REVISION/FILE of an address that somebody copied from a browser.
func fromAddress(text, endpoint string) (string, bool) {
	page, err := url.Parse(text)
	base, err2 := url.Parse(endpoint)
	if err != nil || err2 != nil || !strings.EqualFold(page.Host, base.Host) {
		return "", false
	}
	at, ok := strings.CutPrefix(page.EscapedPath(), strings.TrimSuffix(base.EscapedPath(), "/")+"/")
	parts := strings.SplitN(at, "/", 5) // OWNER, NAME, blob, REVISION, FILE
	if !ok || len(parts) < 2 {
		return "", false
	}
	name := parts[0] + "/" + parts[1]
	if len(parts) < 4 {
		return name, len(parts) == 2 || parts[2] == ""
	}
	if parts[2] != "blob" && parts[2] != "resolve" && parts[2] != "tree" {
		return "", false
	}
	name += "@" + parts[3]
	if len(parts) > 4 {
		file, err := url.PathUnescape(parts[4])
		if err != nil {
			return "", false
		}
		name += "/" + file
	}
	return name, true
}

// maxPath is the longest name of a file in a repository, in bytes; Linux allows 4096 with the folders above it.
const maxPath = 1000

// IsSafe tells whether a name in a listing stays inside the folder that it is put into, on every system, and can be
// shown to people.
func IsSafe(name string) bool {
	if name == "" || len(name) > maxPath || name[0] == '/' || path.Clean(name) != name || !isPlain(name) {
		return false
	}
	return !strings.ContainsAny(name, `\:`) && !hasDots(name)
}

// hasDots tells whether one of the names in a path is "." or "..".
func hasDots(name string) bool {
	for step := range strings.SplitSeq(name, "/") {
		if step == "." || step == ".." || step == "" {
			return true
		}
	}
	return false
}

// isPlain tells whether a text has nothing that a terminal would obey.
func isPlain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// shown is a text of the hub as people may see it: printable, and of a bearable length.
func shown(text string) string {
	const most = 200
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

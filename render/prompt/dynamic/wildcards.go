package dynamic

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"darkroom/render/prompt"
)

// Bounds of the wildcards of one expansion.
const (
	maxLines     = 200_000 // of all its wildcards
	maxLineBytes = 4 << 20 // bytes of them
	maxSuggested = 10      // names that are suggested in place of an unknown one
)

// ErrTooManyLines means that wildcards have more lines than allowed. Its text is a clause for people.
var ErrTooManyLines = errors.New("the wildcards have too many lines for one prompt")

// Wildcards holds the values of wildcards. Folder is one.
type Wildcards interface {
	// Names returns the names of all wildcards.
	Names() ([]string, error)
	// Lines returns the values of the wildcard of a name.
	Lines(name string) ([]string, error)
}

// wildcardCache reads wildcards for one expansion, each once.
type wildcardCache struct {
	from         Wildcards
	names        []string // of all wildcards, once they were listed
	files        map[string][]string
	pools        map[string]*weightedPool // by the requested name
	lines, bytes int
}

func newWildcardCache(from Wildcards) *wildcardCache {
	return &wildcardCache{from: from, files: map[string][]string{}, pools: map[string]*weightedPool{}}
}

// pool returns the lines of a name: those of the file of that name, of the only one whose name differs in case only, or
// of all files whose names match a name with stars. Without any the error is an *UnknownError.
func (l *wildcardCache) pool(ctx context.Context, name string) (*weightedPool, error) {
	if u, known := l.pools[name]; known {
		return u, nil
	}
	if err := l.list(); err != nil {
		return nil, err
	}
	var options []option
	found, fits, several := false, nameMatcher(name), strings.Contains(name, "*")
	for _, n := range l.names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !fits(n) {
			continue
		}
		lines, err := l.file(n)
		if _, unreadable := errors.AsType[*UnreadableError](err); unreadable && several {
			continue // the others count
		}
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			options = append(options, lineOption(line))
		}
		found = true
	}
	if !found {
		return nil, &UnknownError{Name: name, Known: nearest(l.names, name)}
	}
	l.pools[name] = newWeightedPool(options)
	return l.pools[name], nil
}

// nearest returns existing names to suggest in place of an unknown one. The one that was meant is first, if it can be
// told.
func nearest(names []string, unknown string) []string {
	base := strings.ToLower(path.Base(unknown))
	var all []string
	for _, n := range names { // a file that moved into another folder, or whose folder was left out
		if strings.ToLower(path.Base(n)) == base {
			all = append(all, n)
		}
	}
	all = append(append(all, prompt.NearestWords(names, unknown, maxSuggested)...), names...)
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(n string) bool {
		twice := seen[n]
		seen[n] = true
		return twice
	})
	return all[:min(len(all), maxSuggested)]
}

// list lists the wildcards, once.
func (l *wildcardCache) list() (err error) {
	if l.names == nil && l.from != nil {
		l.names, err = l.from.Names()
	}
	return err
}

// has tells whether there is a wildcard of a name.
func (l *wildcardCache) has(name string) bool {
	return l.list() == nil && slices.ContainsFunc(l.names, nameMatcher(name))
}

// file returns the lines of a file. They count towards the limits each time, since each time they become options.
func (l *wildcardCache) file(name string) (lines []string, err error) {
	lines, read := l.files[name]
	if !read {
		if lines, err = l.from.Lines(name); err != nil {
			return nil, err
		}
		l.files[name] = lines
		for _, line := range lines {
			l.bytes += len(line)
		}
	}
	if l.lines += len(lines); l.lines > maxLines || l.bytes > maxLineBytes {
		return nil, ErrTooManyLines
	}
	return lines, nil
}

// nameMatcher returns a function that matches the names of files: * is any part of a name, ** any folders too.
func nameMatcher(name string) func(string) bool {
	if !strings.Contains(name, "*") {
		return func(n string) bool { return strings.EqualFold(n, name) }
	}
	pattern := regexp.QuoteMeta(name)
	pattern = strings.ReplaceAll(pattern, `\*\*`, ".*")
	pattern = strings.ReplaceAll(pattern, `\*`, "[^/]*")
	fits, err := regexp.Compile("(?i)^" + pattern + "$")
	if err != nil {
		return func(string) bool { return false }
	}
	return fits.MatchString
}

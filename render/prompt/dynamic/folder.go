package dynamic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Bounds of a folder of wildcards.
const (
	maxFile  = 1 << 20 // bytes of a file that are read
	maxFiles = 2_000   // files that are listed
)

// UnknownError means that there is no wildcard of a name.
type UnknownError struct {
	Name  string
	Known []string // some of the existing ones
}

// Error is a clause for people.
func (e *UnknownError) Error() string { return "unknown wildcard " + e.Name }

// Hint names existing wildcards.
func (e *UnknownError) Hint() string {
	if len(e.Known) == 0 {
		return "There are no wildcards yet. They are text files, one choice per line, in the wildcards folder."
	}
	return "Try one of: __" + strings.Join(e.Known, "__, __") + "__."
}

// Folder is a folder of wildcards: text files with one value in a line, named without .txt, with slashes for
// folders in it. Empty lines and those that begin with # are left out. The zero Folder is empty.
type Folder struct{ FS fs.FS }

// Names lists the wildcards, sorted.
func (f Folder) Names() (names []string, err error) {
	if f.FS == nil {
		return nil, nil
	}
	seen := 0
	err = fs.WalkDir(f.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		switch seen++; {
		case path == "." && errors.Is(err, fs.ErrNotExist), seen > maxFiles:
			return fs.SkipAll
		case err != nil:
			return err
		}
		if name, text := strings.CutSuffix(path, ".txt"); text && !entry.IsDir() {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for wildcards: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// Lines reads the values of one file.
func (f Folder) Lines(name string) (values []string, err error) {
	file, err := f.FS.Open(name + ".txt")
	if err != nil {
		return nil, fmt.Errorf("open wildcard %s: %w", name, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read wildcard %s: %w", name, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxFile+1)
	for lines.Scan() {
		line := strings.TrimSpace(strings.ToValidUTF8(strings.TrimPrefix(lines.Text(), "\ufeff"), "\ufffd"))
		if line != "" && !strings.HasPrefix(line, "#") {
			values = append(values, line)
		}
	}
	return values, lines.Err()
}

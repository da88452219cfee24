package dynamic

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"darkroom/render/prompt"
)

// Bounds of a folder of wildcards.
const (
	maxFile    = 1 << 20 // bytes of a file that are read
	maxFiles   = 2_000   // entries that are looked at
	maxFolders = 16      // folders inside each other
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
// folders in it. Empty lines and comments, which begin with #, are left out. Links are followed, but not in circles. An entry
// that cannot be read is left out, and the others work. The zero Folder is empty.
type Folder struct {
	FS fs.FS
	// Bad is told of each entry that cannot be read, each time. nil: nobody is.
	Bad func(path string, err error)
}

// bad tells of an entry that cannot be read.
func (f Folder) bad(path string, err error) {
	if f.Bad != nil {
		f.Bad(path, err)
	}
}

// Names lists the wildcards, sorted.
func (f Folder) Names() ([]string, error) {
	if f.FS == nil {
		return nil, nil
	}
	w := folderWalk{Folder: f}
	info, err := fs.Stat(f.FS, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		_, err = fs.ReadDir(f.FS, ".")
	}
	if err != nil {
		return nil, fmt.Errorf("look for wildcards: %w", err)
	}
	w.enter(".", info, nil)
	slices.Sort(w.names)
	return w.names, nil
}

// folderWalk collects the names of wildcards.
type folderWalk struct {
	Folder
	names []string
	seen  int
}

// enter lists a folder. Its parents are those around it, links resolved.
func (w *folderWalk) enter(dir string, info fs.FileInfo, parents []fs.FileInfo) {
	circle := slices.ContainsFunc(parents, func(p fs.FileInfo) bool { return os.SameFile(p, info) })
	if circle || len(parents) >= maxFolders {
		return
	}
	entries, err := fs.ReadDir(w.FS, dir)
	if err != nil {
		w.bad(dir, err)
	}
	parents = append(slices.Clip(parents), info)
	for _, e := range entries {
		if w.seen++; w.seen > maxFiles {
			return
		}
		name, text := strings.CutSuffix(e.Name(), ".txt")
		link := e.Type()&fs.ModeSymlink != 0
		if !text && !link && !e.IsDir() {
			continue
		}
		at := path.Join(dir, e.Name())
		info, err := fs.Stat(w.FS, at)
		switch {
		case err != nil:
			w.bad(at, err)
		case info.IsDir():
			w.enter(at, info, parents)
		case text && info.Mode().IsRegular():
			w.names = append(w.names, path.Join(dir, name))
		}
	}
}

// Lines reads the values of one file.
func (f Folder) Lines(name string) ([]string, error) {
	values, err := f.lines(name + ".txt")
	if err != nil {
		f.bad(name+".txt", err)
		return nil, fmt.Errorf("read wildcard %s: %w", name, err)
	}
	return values, nil
}

func (f Folder) lines(path string) (values []string, err error) {
	file, err := f.FS.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	text, err := decodeText(data[:min(len(data), maxFile)], len(data) > maxFile)
	if err != nil {
		return nil, err
	}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line, _ = prompt.CutComments(line)
		if line = strings.TrimSpace(line); line != "" {
			values = append(values, line)
		}
	}
	return values, nil
}

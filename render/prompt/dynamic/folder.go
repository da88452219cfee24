package dynamic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"darkroom/render/phrase"
	"darkroom/render/prompt"
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
func (e *UnknownError) Hint() phrase.Phrase {
	if len(e.Known) == 0 {
		return phrase.Of("There are no wildcards yet. They are text files, one choice per line, in the wildcards folder.")
	}
	return phrase.Of("Try one of: %s", "__"+strings.Join(e.Known, "__, __")+"__.")
}

// UnreadableError means that the file of a wildcard cannot be read.
type UnreadableError struct {
	Name string
	Err  error
}

// Error is a clause for people. It names no path.
func (e *UnreadableError) Error() string {
	if errors.Is(e.Err, ErrNoText) {
		return "wildcard " + e.Name + ": " + ErrNoText.Error()
	}
	return "the file of wildcard " + e.Name + " cannot be read"
}

// Unwrap returns the cause.
func (e *UnreadableError) Unwrap() error { return e.Err }

// Folder is a folder of wildcards: text files with one value in a line, named without .txt, with slashes for folders in
// it. Links to files and folders are followed. Empty lines and comments, which begin with #, are left out. The zero
// Folder is empty.
type Folder struct {
	FS fs.FS
	// Skipped is told of each file or folder that cannot be read; the others work. nil to tell nobody.
	Skipped func(path string, err error)
}

// Names lists the wildcards, sorted.
func (f Folder) Names() ([]string, error) {
	if f.FS == nil {
		return nil, nil
	}
	l := lister{folder: f}
	top, err := fs.Stat(f.FS, ".")
	if err == nil {
		err = l.list(".", []fs.FileInfo{top})
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for wildcards: %w", err)
	}
	slices.Sort(l.names)
	return l.names, nil
}

// lister lists the wildcards of a folder.
type lister struct {
	folder Folder
	names  []string
	seen   int // files and folders
}

// list adds the wildcards of one folder and of those in it. above are the folder itself and those it is in, so that
// links do not lead in circles.
func (l *lister) list(dir string, above []fs.FileInfo) error {
	entries, err := fs.ReadDir(l.folder.FS, dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if l.seen++; l.seen > maxFiles {
			return nil
		}
		at := path.Join(dir, entry.Name())
		name, text := strings.CutSuffix(at, ".txt")
		info, err := fs.Stat(l.folder.FS, at) // follows links
		switch {
		case err != nil && (text || entry.IsDir()):
			l.folder.skip(at, err)
		case err != nil:
		case info.IsDir() && !isOneOf(info, above):
			if err := l.list(at, append(slices.Clip(above), info)); err != nil {
				l.folder.skip(at, err)
			}
		case text && info.Mode().IsRegular():
			l.names = append(l.names, name)
		}
	}
	return nil
}

// isOneOf tells whether a folder is one of others.
func isOneOf(folder fs.FileInfo, others []fs.FileInfo) bool {
	same := func(o fs.FileInfo) bool { return os.SameFile(o, folder) }
	return len(others) > maxNesting || slices.ContainsFunc(others, same)
}

func (f Folder) skip(path string, err error) {
	if f.Skipped != nil {
		f.Skipped(path, err)
	}
}

// Lines reads the values of one file. The error is an *UnreadableError; Skipped is told of it too.
func (f Folder) Lines(name string) ([]string, error) {
	text, err := f.read(name + ".txt")
	if err != nil {
		f.skip(name+".txt", err)
		return nil, &UnreadableError{Name: name, Err: err}
	}
	var values []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line, _ = prompt.CutComments(line)
		if line = strings.TrimSpace(line); line != "" {
			values = append(values, line)
		}
	}
	return values, nil
}

// read reads a file as text.
func (f Folder) read(path string) (string, error) {
	file, err := f.FS.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxFile {
		data = data[:bytes.LastIndexAny(data[:maxFile], "\r\n")+1] // whole lines
	}
	return decodeText(data)
}

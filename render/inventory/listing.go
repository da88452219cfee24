package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// entry is a visible file or folder, with links followed.
type entry struct {
	name, path string
	info       fs.FileInfo
}

// listing is what a folder holds.
type listing struct {
	entries []entry
	byName  map[string]fs.FileInfo
}

// read lists a folder that was not seen before.
func (s *scan) read(dir string) (all listing) {
	all.byName = map[string]fs.FileInfo{}
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) || s.seen[resolved] {
		return all
	}
	s.seen[resolved] = true
	var found []os.DirEntry
	if err == nil {
		found, err = os.ReadDir(dir)
	}
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("list models: %w", err))
	}
	for _, e := range found {
		path := filepath.Join(dir, e.Name())
		if s.entries++; s.entries > maxEntries {
			if s.entries == maxEntries+1 {
				s.fault(dir, "there are more than %d files: the rest is not looked at", maxEntries)
			}
			return all
		}
		if e.Name()[0] == '.' {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist) && e.Type() == os.ModeSymlink:
			s.fault(path, "a link to nothing")
		case errors.Is(err, os.ErrNotExist): // it went while we looked
		case err != nil:
			s.faults = append(s.faults, fmt.Errorf("list models: %w", err))
		case info.IsDir() || info.Mode().IsRegular():
			all.entries = append(all.entries, entry{e.Name(), path, info})
			all.byName[e.Name()] = info
		}
	}
	return all
}

// isPreview tells whether NAME.png only shows what the file NAME beside it makes.
func (l listing) isPreview(stem string) bool {
	stem = strings.TrimSuffix(stem, ".preview")
	for _, ext := range []string{".safetensors", ".pt", ".bin", ".pth", ".ckpt"} {
		if _, found := l.byName[stem+ext]; found {
			return true
		}
	}
	return false
}

// isInstallation tells whether a folder holds the places of an installation.
func isInstallation(e entry) bool {
	if !e.info.IsDir() || !nested[strings.ToLower(e.name)] {
		return false
	}
	inside, err := os.ReadDir(e.path)
	if err != nil {
		return false
	}
	for _, in := range inside {
		if _, isPlace := places[strings.ToLower(in.Name())]; isPlace {
			return true
		}
	}
	return false
}

// isModelFolder tells whether a folder is a model in diffusers' layout.
func isModelFolder(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "model_index.json"))
	return err == nil
}

// holdsModels tells whether a folder that is no model holds model folders, or files that people take for models.
func holdsModels(dir string) bool {
	inside, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, in := range inside {
		switch ext := strings.ToLower(filepath.Ext(in.Name())); {
		case in.Name()[0] == '.':
		case ext == ".safetensors", ext == ".ckpt", ext == ".gguf", isModelFolder(filepath.Join(dir, in.Name())):
			return true
		}
	}
	return false
}

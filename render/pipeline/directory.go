package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/checkpoint"
	"darkroom/render/demo"
	"darkroom/render/folder"
)

// Directory is a directory whose folders are models. It need not exist. The demo model, which is built in, is always
// there, too.
type Directory string

// OpenAll opens every model, the demo model last: the first is what people get who name none. Folders that cannot be
// used and checkpoint files are left out, with an error for each.
func (d Directory) OpenAll() (folders []*folder.Model, faults []error) {
	dirs, faults := d.list()
	if dir, err := unpackDemo(); err != nil {
		faults = append(faults, err)
	} else {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		f, err := Open(dir, folder.Cached(cacheFile("hashes.json")))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		folders = append(folders, f)
	}
	return folders, faults
}

// list returns the folders, through links too, and an error for each model that is no folder. Hidden files, and files
// that are no models, are nobody's business.
func (d Directory) list() (dirs []string, faults []error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("list models: %w", err)}
	}
	for _, e := range entries {
		path := filepath.Join(string(d), e.Name())
		info, err := os.Stat(path)
		switch {
		case e.Name()[0] == '.':
		case errors.Is(err, os.ErrNotExist) && e.Type() == os.ModeSymlink:
			faults = append(faults, fmt.Errorf("%s: a link to nothing", path))
		case err != nil:
			faults = append(faults, fmt.Errorf("list models: %w", err))
		case info.IsDir(), isCheckpoint(path):
			dirs = append(dirs, path)
		case folder.IsWeights(path):
			faults = append(faults, checkpointError(path))
		}
	}
	return dirs, faults
}

// checkpointError says that a file of weights is not opened.
func checkpointError(path string) error {
	return checkpoint.Refuse(path)
}

// Open opens the model that was asked for: a path, a name in the directory, the name on a card, or the demo model for
// "".
func (d Directory) Open(asked string) (*folder.Model, error) {
	dir, err := d.find(asked)
	if err != nil {
		return nil, err
	}
	return Open(dir, folder.Cached(cacheFile("hashes.json")))
}

func (d Directory) find(asked string) (string, error) {
	if asked == "" {
		return unpackDemo()
	}
	for _, path := range []string{asked, filepath.Join(string(d), asked)} {
		info, err := os.Stat(path)
		if err == nil && (info.IsDir() || isCheckpoint(path)) {
			return path, nil
		}
		if err == nil && folder.IsWeights(path) {
			return "", checkpointError(path)
		}
	}
	return d.findCard(asked)
}

// findCard returns the folder whose card has a name. Such names are what `darkroom models list` shows, and people in a
// chat choose from.
func (d Directory) findCard(asked string) (string, error) {
	dirs, faults := d.list()
	var found []string
	for _, dir := range dirs {
		if folder.CardName(dir) == asked {
			found = append(found, dir)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("model %q: the name of %s; name the folder", asked, strings.Join(found, " and "))
	case asked == demo.Name:
		return unpackDemo()
	}
	none := fmt.Errorf("model %q: no such folder, here or in %s, and no card with this name", asked, d)
	return "", errors.Join(append([]error{none}, faults...)...)
}

// Choose keeps the models of these names, all of them when there is no name. A name is a card's, or else a folder's.
// One that no model has is an error.
func Choose(folders []*folder.Model, names []string) ([]*folder.Model, error) {
	if len(names) == 0 {
		return folders, nil
	}
	chosen := map[*folder.Model]bool{}
	for _, name := range names {
		byCard := func(f *folder.Model) bool { return f.Name == name }
		byFolder := func(f *folder.Model) bool { return filepath.Base(f.Dir) == name }
		switch {
		case slices.ContainsFunc(folders, byCard):
			markAll(chosen, folders, byCard)
		case slices.ContainsFunc(folders, byFolder):
			markAll(chosen, folders, byFolder)
		default:
			return nil, fmt.Errorf("model %q: none of that name here; `darkroom models list` shows what there is", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(folders), func(f *folder.Model) bool { return !chosen[f] }), nil
}

func markAll(chosen map[*folder.Model]bool, folders []*folder.Model, which func(*folder.Model) bool) {
	for _, f := range folders {
		chosen[f] = chosen[f] || which(f)
	}
}

// unpackDemo puts the built-in model where the runtime can read it.
func unpackDemo() (string, error) { return demo.Unpack(cacheFile("models")) }

// cacheFile returns a path in the user's cache. What is there can be made again, so a machine without a home
// directory, or with one that cannot be written, uses its temporary directory.
func cacheFile(name string) string {
	if dir, err := os.UserCacheDir(); err == nil {
		dir = filepath.Join(dir, "darkroom")
		if os.MkdirAll(dir, 0o700) == nil && writable(dir) {
			return filepath.Join(dir, name)
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("cache-%d", os.Getuid()), "darkroom", name)
}

func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".try-*")
	return err == nil && errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

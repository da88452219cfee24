package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"darkroom/render/demo"
	"darkroom/render/folder"
)

// Directory is a directory whose folders are models. It need not exist. The demo model, which is built in, is always
// there, too.
type Directory string

// OpenAll opens every model, the demo model last: the first is what people get who name none. Folders that cannot be
// used are left out, with an error for each.
func (d Directory) OpenAll() (folders []*folder.Folder, faults []error) {
	dirs, err := d.list()
	if err != nil {
		faults = append(faults, err)
	}
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

func (d Directory) list() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(string(d), e.Name())
		if info, err := os.Stat(dir); err == nil && info.IsDir() && e.Name()[0] != '.' { // through links, too
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// Open opens the model that was asked for: a path, a name in the directory, or the demo model for "".
func (d Directory) Open(asked string) (*folder.Folder, error) {
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
	for _, dir := range []string{asked, filepath.Join(string(d), asked)} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	if asked == demo.Name {
		return unpackDemo()
	}
	return "", fmt.Errorf("model %q: no such folder, here or in %s", asked, d)
}

// Choose keeps the folders of these names, all of them when there is no name. A name that no folder has is an error.
func Choose(folders []*folder.Folder, names []string) ([]*folder.Folder, error) {
	for _, name := range names {
		if !slices.ContainsFunc(folders, func(f *folder.Folder) bool { return f.Name == name }) {
			return nil, fmt.Errorf("model %q: none of that name here; `darkroom models list` shows what there is", name)
		}
	}
	if len(names) == 0 {
		return folders, nil
	}
	other := func(f *folder.Folder) bool { return !slices.Contains(names, f.Name) }
	return slices.DeleteFunc(slices.Clone(folders), other), nil
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

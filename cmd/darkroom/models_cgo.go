//go:build cgo

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/config"
	"darkroom/render/demo"
	"darkroom/render/folder"
	"darkroom/render/pipeline"
)

// openFolders opens every folder in the directory of models, and the demo model after them: the first is what people
// get who ask for none. Folders that are no good are left out and told.
func openFolders(r config.Runtime) (folders []*folder.Folder, faults []error) {
	dirs, err := modelDirs(r.ModelsDir)
	if err != nil {
		faults = append(faults, err)
	}
	if dir, err := unpackDemo(); err != nil {
		faults = append(faults, err)
	} else {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		f, err := pipeline.Open(dir, folder.Cached(cacheFile("hashes.json")))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		folders = append(folders, f)
	}
	return folders, faults
}

// modelDirs lists the folders in the directory of models, which need not exist.
func modelDirs(models string) ([]string, error) {
	entries, err := os.ReadDir(models)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(models, e.Name())
		if info, err := os.Stat(dir); err == nil && info.IsDir() && e.Name()[0] != '.' { // through links, too
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// openFolder opens the model that was asked for: a path, a name in the directory of models, or the demo model for "".
func openFolder(r config.Runtime, asked string) (*folder.Folder, error) {
	dir, err := folderOf(r, asked)
	if err != nil {
		return nil, err
	}
	return pipeline.Open(dir, folder.Cached(cacheFile("hashes.json")))
}

func folderOf(r config.Runtime, asked string) (string, error) {
	if asked == "" {
		return unpackDemo()
	}
	for _, dir := range []string{asked, filepath.Join(r.ModelsDir, asked)} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	if asked == demo.Name {
		return unpackDemo()
	}
	return "", fmt.Errorf("model %q: no such folder, here or in %s", asked, r.ModelsDir)
}

// unpackDemo puts the built-in model where the runtime can read it.
func unpackDemo() (string, error) { return demo.Unpack(cacheFile("models")) }

// cacheFile returns a path in the user's cache. What is there can be made again, so a machine without a home, or
// with one that cannot be written, does with its temporary directory.
func cacheFile(name string) string {
	if dir, err := os.UserCacheDir(); err == nil {
		dir = filepath.Join(dir, "darkroom")
		if os.MkdirAll(dir, 0o700) == nil && writable(dir) == nil {
			return filepath.Join(dir, name)
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("cache-%d", os.Getuid()), "darkroom", name)
}

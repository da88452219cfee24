package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"darkroom/render/family"
	"darkroom/render/filehash"
)

// Sum hashes what decides the images of a model folder, see Open, and lists those files as they were. The cache is not
// saved.
func Sum(
	dir string, cache *filehash.Cache, progress filehash.Progress,
) (hash string, files []filehash.File, err error) {
	paths, err := hashedFiles(dir)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.New()
	for _, rel := range paths {
		path := filepath.Join(dir, filepath.FromSlash(rel))
		r, err := cache.Sum(path, progress)
		if err != nil {
			return "", nil, err
		}
		files = append(files, filehash.File{Path: path, Stamp: r.Stamp})
		fmt.Fprintf(sum, "%s  %s\n", r.SHA256, rel) // the line that sha256sum prints
	}
	return hex.EncodeToString(sum.Sum(nil)), files, nil
}

// sumFile is Sum for a checkpoint, whose hash is that of its file.
func sumFile(
	path string, cache *filehash.Cache, progress filehash.Progress,
) (hash string, files []filehash.File, err error) {
	r, err := cache.Sum(path, progress)
	return r.SHA256, []filehash.File{{Path: path, Stamp: r.Stamp}}, err
}

// statFile is Stat for a checkpoint.
func statFile(path string) ([]filehash.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return []filehash.File{{Path: path, Stamp: filehash.StampOf(info)}}, nil
}

// Stat lists the files that Sum would hash, without reading them.
func Stat(dir string) ([]filehash.File, error) {
	paths, err := hashedFiles(dir)
	if err != nil {
		return nil, err
	}
	var files []filehash.File
	for _, rel := range paths {
		path := filepath.Join(dir, filepath.FromSlash(rel))
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		files = append(files, filehash.File{Path: path, Stamp: filehash.StampOf(info)})
	}
	return files, nil
}

// hashedFiles lists the files that decide an image, slash-separated and sorted, without hidden files.
func hashedFiles(dir string) ([]string, error) {
	paths := []string{"model_index.json"}
	parts := append(family.AllTextParts(), "scheduler", unetPart, decoderPart, encoderPart)
	if missing(filepath.Join(dir, unetPart, "model.onnx")) { // diffusers' own layout
		parts = append(parts, "vae")
	}
	for _, part := range parts {
		root, err := filepath.EvalSymlinks(filepath.Join(dir, part)) // WalkDir does not follow its own root
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files, err := visibleFiles(root, []string{root})
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			paths = append(paths, part+"/"+name)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// visibleFiles lists the files of a folder, slash-separated, through links too. above are the folders that lead to it,
// so that a link back to one of them is not followed. A link to nothing counts as no file: whoever needs it misses it.
func visibleFiles(dir string, above []string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Name()[0] == '.' {
			continue
		}
		target, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(target)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			paths = append(paths, e.Name())
			continue
		}
		if slices.Contains(above, target) {
			continue
		}
		inside, err := visibleFiles(target, append(slices.Clone(above), target))
		if err != nil {
			return nil, err
		}
		for _, name := range inside {
			paths = append(paths, e.Name()+"/"+name)
		}
	}
	return paths, nil
}

package inventory

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// How says how a file gets into its place.
type How int

// The ways into a place.
const (
	Share How = iota // a second name for the same file; on another file system a copy
	Move
	Link // a symbolic link
)

// beside are the endings of files that belong to a file.
var beside = []string{
	cardSuffix, civitaiSuffix, ".png", ".preview.png", ".preview.jpeg", ".preview.jpg", ".preview.webp",
}

// vaeSuffix is how the VAE beside a checkpoint ends, which belongs to it.
const vaeSuffix = ".vae.safetensors"

// besideOf lists the files that are there and belong to a file of a kind, by their endings after its stem.
func besideOf(path string, kind Kind) (stem string, suffixes []string) {
	stem = strings.TrimSuffix(path, filepath.Ext(path))
	candidates := beside
	if kind == Checkpoint {
		candidates = append([]string{vaeSuffix}, beside...)
	}
	for _, suffix := range candidates {
		if stem+suffix == path { // an embedding may be a picture itself
			continue
		}
		if _, err := os.Lstat(stem + suffix); err == nil {
			suffixes = append(suffixes, suffix)
		}
	}
	return stem, suffixes
}

// ownPlaces are the folders of this program. Checkpoints lie in the models folder itself.
var ownPlaces = map[Kind]string{
	Checkpoint: ".", LoRA: "loras", Embedding: "embeddings", Hypernetwork: "hypernetworks", VAE: "vae",
	Upscaler: "upscalers",
}

// placeOf returns the folder of a kind below root: one that is there, as in an installation of another program, or else
// this program's own.
func placeOf(root string, kind Kind) string {
	for _, dir := range []string{root, filepath.Join(root, "models")} {
		entries, _ := os.ReadDir(dir) // what is not there holds no place
		for _, e := range entries {
			name := strings.ToLower(e.Name())
			if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() &&
				places[name] == kind && name != "diffusers" {
				return filepath.Join(dir, e.Name())
			}
		}
	}
	return filepath.Join(root, ownPlaces[kind])
}

// CheckName refuses a file whose name says that it cannot be used as a kind.
func CheckName(path string, kind Kind) error {
	usable, why := judge(kind, strings.ToLower(filepath.Ext(path)))
	switch {
	case why != "":
		return fmt.Errorf("%s: %s", path, why)
	case !usable:
		return fmt.Errorf("%s: no file of a model or an add-on", path)
	}
	return nil
}

// Target is where Put puts a file of a kind.
func Target(root, path string, kind Kind) string {
	return filepath.Join(placeOf(root, kind), filepath.Base(path))
}

// Put puts a file of a kind, and what lies beside it, into its place below root, and returns its new path. A file that
// is there already is kept. Nobody sees half a file.
func Put(root, path string, kind Kind, how How) (string, error) {
	if err := CheckName(path, kind); err != nil {
		return "", err
	}
	target := Target(root, path, kind)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	if err := put(path, target, how); err != nil {
		return "", err
	}
	stem, suffixes := besideOf(path, kind)
	targetStem := strings.TrimSuffix(target, filepath.Ext(target))
	for _, suffix := range suffixes {
		if err := put(stem+suffix, targetStem+suffix, how); err != nil {
			return target, err
		}
	}
	return target, nil
}

func put(path, target string, how How) error {
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("%s is there already: remove or rename it first", target)
	}
	switch how {
	case Link:
		absolute, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		return os.Symlink(absolute, target)
	case Move:
		err := os.Rename(path, target)
		if errors.Is(err, syscall.EXDEV) {
			err = errors.Join(copyFile(path, target), os.Remove(path))
		}
		return err
	case Share:
		file, err := filepath.EvalSymlinks(path) // a second name for a link would be a link
		if err != nil {
			return err
		}
		if os.Link(file, target) == nil {
			return nil
		}
		return copyFile(file, target)
	}
	panic("internal error: a way into a place must be known")
}

// copyFile copies a file under a hidden name first.
func copyFile(path, target string) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(target), ".import-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(to.Name())
		}
	}()
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Chmod(0o644), to.Sync(), to.Close()); err != nil {
		return err
	}
	if err := os.Link(to.Name(), target); err == nil { // unlike a rename it never replaces a file
		return os.Remove(to.Name())
	}
	return os.Rename(to.Name(), target)
}

// Files lists the paths that belong to an item: its folder, or its file and what lies beside it.
func (i Item) Files() []string {
	all := []string{i.Path}
	if i.Kind == Folder {
		return all
	}
	stem, suffixes := besideOf(i.Path, i.Kind)
	for _, suffix := range suffixes {
		all = append(all, stem+suffix)
	}
	return all
}

// Remove deletes an item and what belongs to it. Of a link it deletes the link. It deletes nothing outside root, not
// even through a link to a folder there.
func Remove(root string, i Item) error {
	below, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer below.Close()
	absolute, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	for _, path := range i.Files() {
		rel, err := filepath.Rel(absolute, path)
		if err != nil || rel == "." || !filepath.IsLocal(rel) {
			return fmt.Errorf("%s does not lie below %s", path, root)
		}
		if err := below.RemoveAll(rel); err != nil {
			return fmt.Errorf("remove %s: %w", path, err)
		}
	}
	return nil
}

package folder_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/onnx/onnxtest"
)

func TestHashCache(t *testing.T) {
	t.Parallel()
	cache := filepath.Join(t.TempDir(), "new", "place", "hashes.json")
	if _, err := folder.Open(onnxtest.Folder{}.Temp(t), folder.Cached(cache)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cache); err != nil {
		t.Errorf("the cache was not written: %v", err)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{External: true}.Temp(t)
	hash := func(options ...folder.Option) string {
		t.Helper()
		f, err := folder.Open(dir, options...)
		if err != nil {
			t.Fatal(err)
		}
		return f.Hash
	}
	first := hash()
	if want := listHash(t, dir); first != want {
		t.Errorf("got %s, want the hash of sha256sum's list, %s", first, want)
	}
	onnxtest.WriteFile(t, dir, "darkroom.json", "{}")
	onnxtest.WriteFile(t, dir, "README.md", "hello")
	onnxtest.WriteFile(t, dir, "unet/.part", "hidden")
	if got := hash(); got != first {
		t.Errorf("a card, a README and hidden files: got %s, want the same as before, %s", got, first)
	}
	onnxtest.WriteFile(t, dir, "unet/config.json", "{}")
	second := hash()
	if second == first {
		t.Error("a new configuration left the hash as it was")
	}
	cache := filepath.Join(t.TempDir(), "hashes.json")
	if a, b := hash(folder.Cached(cache)), hash(folder.Cached(cache)); a != second || b != second {
		t.Errorf("with a cache: got %s and %s, want %s", a, b, second)
	}
	onnxtest.WriteFile(t, dir, "tokenizer/merges.txt", "#version: 0.3\n")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "tokenizer/merges.txt"), later, later); err != nil {
		t.Fatal(err)
	}
	if got, want := hash(folder.Cached(cache)), hash(); got != want || got == second {
		t.Errorf("a changed file: got %s from the cache, want %s, and not %s", got, want, second)
	}
	onnxtest.WriteFile(t, filepath.Dir(cache), filepath.Base(cache), "not JSON")
	nowhere := filepath.Join(dir, "README.md", "no", "folder")
	if got, want := hash(folder.Cached(cache)), hash(folder.Cached(nowhere)); got != want {
		t.Errorf("a broken cache: got %s, want %s", got, want)
	}
}

func TestHashCacheNoticesAnotherSizeOfTheSameTime(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	cache := filepath.Join(t.TempDir(), "hashes.json")
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	hash := func(config string) string {
		t.Helper()
		onnxtest.WriteFile(t, dir, "unet/config.json", config)
		if err := os.Chtimes(filepath.Join(dir, "unet", "config.json"), at, at); err != nil {
			t.Fatal(err)
		}
		f, err := folder.Open(dir, folder.Cached(cache))
		if err != nil {
			t.Fatal(err)
		}
		return f.Hash
	}
	if hash("{}") == hash("{ }") {
		t.Error("the same hash for two files, want the cache to look at the size too")
	}
}

// listHash computes a folder's hash as the documentation describes it.
func listHash(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(data), filepath.ToSlash(rel)) // WalkDir sorts as the hash does here
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(list.String()))
	return hex.EncodeToString(sum[:])
}

// TestHashThroughLinks: links inside a part, to files and to folders, count as what they lead to; those to nothing and
// those that lead back do not count.
func TestHashThroughLinks(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	open := func() string {
		t.Helper()
		f, err := folder.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		return f.Hash
	}
	onnxtest.WriteFile(t, dir, "unet/weights/a.bin", "weights")
	want := open()
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(filepath.Join(dir, "unet", "weights"), away); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"unet/weights": away, "unet/.DS_Store": away, "vae_decoder/nothing": filepath.Join(away, "nothing"),
		"text_encoder/back": filepath.Join(dir, "text_encoder"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if got := open(); got != want {
		t.Errorf("got %s, want %s as without links", got, want)
	}
}

// TestChanged: a model whose files were replaced after it was opened says so; a new card changes nothing.
func TestChanged(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	onnxtest.WriteFile(t, dir, "unet/config.json", "{}")
	for name, option := range map[string]folder.Option{
		"hashed": folder.Hashes(filehash.Open("")), "not hashed": folder.Unhashed(),
	} {
		f, err := folder.Open(dir, option)
		if err != nil {
			t.Fatal(err)
		}
		onnxtest.WriteFile(t, dir, "darkroom.json", "{}")
		if err := f.Changed(); err != nil || f.Bytes == 0 || (f.Hash == "") != (name == "not hashed") {
			t.Errorf("%s: got %v, %d bytes, hash %q", name, err, f.Bytes, f.Hash)
		}
		onnxtest.WriteFile(t, dir, "unet/config.json", "{"+strings.Repeat(" ", len(name))+"}")
		if err := f.Changed(); err == nil || !strings.Contains(err.Error(), "config.json: changed") {
			t.Errorf("%s: got %v, want to hear that it changed", name, err)
		}
	}
}

package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"darkroom/render/family"
)

// fileHash is one file's hash, with the size and time at which it was true.
type fileHash struct {
	Size   int64     `json:"size"`
	Time   time.Time `json:"time"`
	SHA256 string    `json:"sha256"`
}

// HashFolder returns the hash of a folder of weights, which is that of a model folder (see Open) with the part vae, and
// the number of hashed bytes.
func HashFolder(dir string, options ...Option) (hash string, size int64, err error) {
	return hashFolder(dir, CacheOf(options...), "vae")
}

// hashFolder returns the folder's hash and the number of hashed bytes.
func hashFolder(dir, cache string, more ...string) (string, int64, error) {
	paths, err := hashedFiles(dir, more)
	if err != nil {
		return "", 0, err
	}
	old := readHashes(cache)
	fresh := map[string]fileHash{}
	sum := sha256.New()
	var total int64
	for _, rel := range paths {
		path := filepath.Join(dir, filepath.FromSlash(rel))
		h, err := hashFile(path, old[path])
		if err != nil {
			return "", 0, err
		}
		fresh[path] = h
		total += h.Size
		fmt.Fprintf(sum, "%s  %s\n", h.SHA256, rel) // the line that sha256sum prints
	}
	saveHashes(cache, old, fresh)
	return hex.EncodeToString(sum.Sum(nil)), total, nil
}

// hashedFiles lists the files that decide an image, slash-separated and sorted, without hidden files.
func hashedFiles(dir string, more []string) ([]string, error) {
	paths := []string{"model_index.json"}
	for _, part := range slices.Concat(
		family.AllTextParts(), []string{"scheduler", unetPart, decoderPart, encoderPart}, more,
	) {
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

// HashFile returns the SHA-256 of a file and its length. It keeps it in the cache file of Cached; "" for none.
func HashFile(path, cache string) (hash string, size int64, err error) {
	old := readHashes(cache)
	h, err := hashFile(path, old[path])
	if err != nil {
		return "", 0, err
	}
	saveHashes(cache, old, map[string]fileHash{path: h})
	return h.SHA256, h.Size, nil
}

// hashFile hashes a file unless the known hash is still true of it.
func hashFile(path string, known fileHash) (fileHash, error) {
	f, err := os.Open(path)
	if err != nil {
		return fileHash{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fileHash{}, err
	}
	if known.SHA256 != "" && known.Size == info.Size() && known.Time.Equal(info.ModTime()) {
		return known, nil
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return fileHash{}, fmt.Errorf("read %s: %w", path, err)
	}
	return fileHash{Size: n, Time: info.ModTime(), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// readHashes reads the cache. A missing or broken one counts as empty.
func readHashes(cache string) map[string]fileHash {
	known := map[string]fileHash{}
	if cache == "" {
		return known
	}
	data, err := os.ReadFile(cache)
	if err != nil || json.Unmarshal(data, &known) != nil {
		return map[string]fileHash{}
	}
	return known
}

// saveHashes writes the cache if something changed. Losing it only costs time, so errors are ignored.
func saveHashes(cache string, old, fresh map[string]fileHash) {
	if cache == "" {
		return
	}
	changed := false
	for path, h := range fresh {
		if old[path] != h {
			old[path], changed = h, true
		}
	}
	data, err := json.Marshal(old)
	if !changed || err != nil {
		return
	}
	if os.MkdirAll(filepath.Dir(cache), 0o700) != nil {
		return
	}
	temp, err := os.CreateTemp(filepath.Dir(cache), ".hashes-*")
	if err != nil {
		return
	}
	_, err = temp.Write(data)
	if errors.Join(err, temp.Close()) != nil || os.Rename(temp.Name(), cache) != nil {
		os.Remove(temp.Name())
	}
}

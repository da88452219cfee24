package filehash

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// Cache remembers the hashes of files, by path. Several goroutines may use it, and several processes its file.
type Cache struct {
	file string // "" for none

	mu      sync.Mutex // guards the fields below
	known   map[string]Record
	byInode map[Stamp]Record // where the inode is known: a file that was renamed or linked is known too
	fresh   map[string]Record
}

// Open reads a cache file. One that is missing or broken counts as empty; with "" hashes are remembered in memory only.
func Open(file string) *Cache {
	c := &Cache{file: file, known: readFile(file), byInode: map[Stamp]Record{}, fresh: map[string]Record{}}
	for _, r := range c.known {
		c.index(r)
	}
	return c
}

func (c *Cache) index(r Record) {
	if r.Inode != 0 && r.Head != "" {
		c.byInode[inodeKey(r.Stamp)] = r
	}
}

// inodeKey makes stamps comparable with ==: two equal times may differ in their locations.
func inodeKey(s Stamp) Stamp {
	s.Time = s.Time.UTC().Round(0)
	return s
}

// Known returns the record of a file without reading more than its beginning, or false where it must be read.
func (c *Cache) Known(path string) (Record, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return Record{}, false
	}
	stamp := StampOf(info)
	c.mu.Lock()
	r, found := c.known[path]
	if !found || !r.Same(stamp) {
		r, found = c.byInode[inodeKey(stamp)]
	}
	c.mu.Unlock()
	if !found {
		return Record{}, false
	}
	if r.Head != "" {
		head, now, err := headSum(path)
		if err != nil || head != r.Head || !r.Same(now) {
			return Record{}, false
		}
	}
	return r, true
}

// Sum returns the record of a file, and reads it unless it is known.
func (c *Cache) Sum(path string, progress Progress) (Record, error) {
	return c.sum(path, false, progress)
}

// SumTensors is Sum with the hash of what follows the header of a safetensors file, by which other programs name LoRAs:
// they write other metadata into it.
func (c *Cache) SumTensors(path string, progress Progress) (Record, error) {
	return c.sum(path, true, progress)
}

func (c *Cache) sum(path string, withTensors bool, progress Progress) (Record, error) {
	if r, ok := c.Known(path); ok && (r.Tensors != "" || !withTensors) {
		c.remember(path, r)
		return r, progress.tell(r.Size)
	}
	r, err := sum(path, withTensors, progress)
	if err != nil {
		return Record{}, err
	}
	c.remember(path, r)
	return r, nil
}

func (c *Cache) remember(path string, r Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, found := c.known[path]; found && old == r {
		return
	}
	c.known[path], c.fresh[path] = r, r
	c.index(r)
}

// Save writes what is new into the file, beside what other processes wrote there. Losing a cache only costs time, so
// errors are ignored.
func (c *Cache) Save() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == "" || len(c.fresh) == 0 {
		return
	}
	all := readFile(c.file)
	maps.Copy(all, c.fresh)
	data, err := json.Marshal(all)
	if err != nil || os.MkdirAll(filepath.Dir(c.file), 0o700) != nil {
		return
	}
	temp, err := os.CreateTemp(filepath.Dir(c.file), ".hashes-*")
	if err != nil {
		return
	}
	_, err = temp.Write(data)
	if errors.Join(err, temp.Close()) != nil || os.Rename(temp.Name(), c.file) != nil {
		os.Remove(temp.Name())
		return
	}
	clear(c.fresh)
}

// readFile reads a cache file. One that is missing or broken counts as empty.
func readFile(file string) map[string]Record {
	known := map[string]Record{}
	if file == "" {
		return known
	}
	data, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(data, &known) != nil || known == nil {
		return map[string]Record{}
	}
	return known
}

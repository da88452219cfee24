package showcase

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

// maxKept is how many models a folder has images of. When there are more, those that were changed longest ago go.
const maxKept = 64

// Shelf keeps the images of models in a folder. Several processes may use the folder: each file is replaced as a whole.
// Where the folder cannot be written, the images are kept in memory.
type Shelf struct {
	dir string

	mu    sync.Mutex
	known map[string]record // by the hash of the model
	texts map[string]string // the images as Encode writes them
}

// record is what is known about the images of one model. Its JSON is a file.
type record struct {
	Prompts []string `json:"prompts"` // that are rendered
	Next    int      `json:"next"`    // the number of the next one
	Images  []Image  `json:"images,omitempty"`

	// Tries counts how often the next one was begun and neither finished nor given up: the process died.
	Tries int           `json:"tries,omitempty"`
	Spent time.Duration `json:"spent,omitempty"` // time of this computer, for images that were given up too

	By string    `json:"by,omitempty"` // who makes the next one
	At time.Time `json:"at,omitzero"`  // since when
}

// done tells whether nothing is left to make.
func (r record) done() bool { return r.Next >= len(r.Prompts) || len(r.Images) >= MaxImages }

// Open opens a folder, which need not exist.
func Open(dir string) *Shelf {
	return &Shelf{dir: dir, known: map[string]record{}, texts: map[string]string{}}
}

// Text returns the images of a model as Encode writes them; "" for none. It is quick after the first call for a model.
func (s *Shelf) Text(model string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, known := s.texts[model]; known {
		return text
	}
	s.keep(model, s.read(model))
	return s.texts[model]
}

// record returns what is known of a model whose card has these examples. Other examples than before begin anew.
func (s *Shelf) record(model string, prompts []string) record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.read(model) // another process may have changed it
	if !slices.Equal(r.Prompts, prompts) {
		r = record{Prompts: prompts}
	}
	s.keep(model, r)
	return r
}

// put stores a record, and forgets the oldest of too many.
func (s *Shelf) put(model string, r record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(model, r)
	if !plainHash.MatchString(model) {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.file(model))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return s.prune()
}

// keep remembers a record in memory.
func (s *Shelf) keep(model string, r record) {
	s.known[model], s.texts[model] = r, ""
	if len(r.Images) > 0 {
		s.texts[model] = Encode(r.Images)
	}
}

// read reads a record from its file. Where there is none, or it is broken, what memory holds counts.
func (s *Shelf) read(model string) record {
	var r record
	data, err := os.ReadFile(s.file(model))
	if err != nil || json.Unmarshal(data, &r) != nil {
		return s.known[model]
	}
	if _, err := Decode(Encode(r.Images)); err != nil {
		return record{}
	}
	return r
}

// plainHash is what a hash looks like: nothing else becomes the name of a file.
var plainHash = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

func (s *Shelf) file(model string) string { return filepath.Join(s.dir, model+".json") }

// prune deletes the files that were changed longest ago, where there are too many. Files that a process left half
// written go with them.
func (s *Shelf) prune() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) <= maxKept {
		return err
	}
	changed := func(e os.DirEntry) time.Time {
		info, err := e.Info()
		if err != nil {
			return time.Time{} // it is gone
		}
		return info.ModTime()
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return changed(b).Compare(changed(a)) })
	for _, e := range entries[maxKept:] {
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

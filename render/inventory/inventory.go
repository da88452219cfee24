package inventory

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/request"
)

// Opened is what an item turned out to be: a model or an add-on. Its hash need not be known yet.
type Opened struct {
	Model *folder.Model
	Addon *request.AddonCard
	Notes []string // what its owner should know, a sentence each
	// ByVAEs says that Item.VAEs decide what it is, or whether it can be used: it is opened anew when they change.
	ByVAEs bool
}

// Options are what an Inventory works with.
type Options struct {
	Root    string // the models folder
	BuiltIn string // a folder like it that comes with the program, with a model and its add-ons; "" for none
	// Open reads the header of an item, and says what it is or why it cannot be used. It reads no weights and computes
	// no hash.
	Open  func(Item) (Opened, error)
	Cache *filehash.Cache
	Log   *slog.Logger // nil for none
}

// State is how far an item has got.
type State int

// The states of an item, in their order.
const (
	Unfinished State = iota // it is being written, or was a moment ago and cannot be opened
	Unhashed                // it was opened, and its content is not hashed yet
	Ready
	Refused // it cannot be used
)

// Entry is an item with what is known of it.
type Entry struct {
	Item
	Opened
	State State
	Err   error  // of one that is Refused, or Unfinished
	Hash  string // of one that is Ready: SHA-256 of the file, or as folder.Open has it
	Twin  string // the name of an earlier item of the same kind and content, "" for none
	files []filehash.File
	late  bool // it came after the first look
}

// Changed returns an error where the item's files are not what was hashed.
func (e Entry) Changed() error {
	for _, f := range e.files {
		if err := f.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Files returns the item's files as they were hashed.
func (e Entry) Files() []filehash.File { return e.files }

// Inventory is what lies in the models folder, as it was when it was last looked at. Its methods may be called
// concurrently, but for Look and Run, which one goroutine calls.
type Inventory struct {
	Options

	work    chan struct{} // holds a value when there may be something to hash
	changes chan struct{} // holds a value when what is ready has changed

	mu      sync.Mutex // guards the fields below
	looked  bool       // at least once
	entries []*Entry   // in the order of a scan, the built-in ones last
	faults  []error
	hashing int64 // bytes that were read of the item that is being hashed
}

// New makes an empty inventory. Look fills it.
func New(o Options) *Inventory {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Inventory{Options: o, work: make(chan struct{}, 1), changes: make(chan struct{}, 1)}
}

// signal puts a value into a channel that has room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Changed has a value after something has become ready or is not there any more. It is for one listener.
func (v *Inventory) Changed() <-chan struct{} { return v.changes }

// rename gives an entry the name that it has now, which depends on the others. A card's name stays.
func (e *Entry) rename(name string) {
	if m := e.Model; m != nil && m.Name == e.Name && m.Name != name {
		renamed := *m
		renamed.Name = name
		e.Model = &renamed
	}
	if a := e.Addon; a != nil && a.Name != name {
		renamed := *a
		renamed.Name = name
		e.Addon = &renamed
	}
	e.Name = name
}

// finish makes an entry ready. A short hash that the file names itself stays.
func (e *Entry) finish(c Content) {
	e.State, e.Hash, e.files = Ready, c.Hash, c.Files
	if e.Model != nil {
		e.Model = c.Of(e.Model)
	}
	if e.Addon != nil {
		a := *e.Addon
		a.Hash, a.Short = c.Hash, cmp.Or(a.Short, c.Short)
		e.Addon = &a
	}
}

// findTwins marks items whose content an earlier one has. Whoever names them by content cannot tell them apart.
func (v *Inventory) findTwins() {
	first := map[string]*Entry{}
	for _, e := range v.entries {
		if e.State != Ready {
			continue
		}
		key := string(e.Kind) + e.Hash
		twin := ""
		if other := first[key]; other == nil {
			first[key] = e
		} else {
			twin = other.Name
		}
		if e.Twin != twin {
			e.Twin = twin
		}
	}
}

// Entries lists everything, in the order of the folder, the built-in ones last.
func (v *Inventory) Entries() []Entry {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := make([]Entry, 0, len(v.entries))
	for _, e := range v.entries {
		all = append(all, *e)
	}
	return all
}

// Faults lists what lies there and can never be used, and why.
func (v *Inventory) Faults() []error {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := slices.Clone(v.faults)
	for _, e := range v.entries {
		switch {
		case e.State == Refused:
			all = append(all, e.Err)
		case e.State == Unfinished && e.Err != nil:
			all = append(all, fmt.Errorf("%w (it was written just now, and may be unfinished)", e.Err))
		}
	}
	return all
}

// Models lists the models that are ready, without twins.
func (v *Inventory) Models() []*folder.Model {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []*folder.Model
	for _, e := range v.entries {
		if e.State == Ready && e.Twin == "" && e.Model != nil {
			all = append(all, e.Model)
		}
	}
	return all
}

// Addons lists the add-ons that are ready, without twins.
func (v *Inventory) Addons() []request.AddonCard {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []request.AddonCard
	for _, e := range v.entries {
		if e.State == Ready && e.Twin == "" && e.Addon != nil {
			all = append(all, *e.Addon)
		}
	}
	return all
}

// Find returns the item of a kind with a hash. One that changed since it was hashed is not there any more.
func (v *Inventory) Find(kind Kind, hash string) (Entry, bool) {
	v.mu.Lock()
	i := slices.IndexFunc(v.entries, func(e *Entry) bool { return e.State == Ready && e.Kind == kind && e.Hash == hash })
	if i < 0 {
		v.mu.Unlock()
		return Entry{}, false
	}
	e := *v.entries[i]
	v.mu.Unlock()
	return e, e.Changed() == nil
}

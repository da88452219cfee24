package inventory

import (
	"slices"
	"time"

	"darkroom/render/folder"
)

// Look looks at the folder, and opens what is new or changed. It takes over the hashes that the cache knows, and at
// the first look computes those of small files; Run computes the others. At the first look everything is opened at
// once; later, what is still being written waits until two looks find it the same. It tells whether anything changed.
func (v *Inventory) Look() (changed bool) {
	items, faults := Scan(v.Root)
	if v.BuiltIn != "" {
		more, moreFaults := Scan(v.BuiltIn)
		items, faults = append(items, more...), append(faults, moreFaults...)
	}
	l := v.newLook()
	fresh := make([]*Entry, len(items))
	advance := func(checkpoints bool, vaes []folder.VAEFile) {
		for i, item := range items {
			if item.VAEs = vaes; (item.Kind == Checkpoint) == checkpoints {
				fresh[i] = l.advance(item)
			}
		}
	}
	advance(false, nil)
	advance(true, vaesOf(fresh)) // checkpoints come last, since they may take a VAE
	v.Cache.Save()
	changed = l.changed || len(fresh) != len(l.old)
	v.take(fresh, faults)
	if changed {
		signal(v.changes)
	}
	return changed
}

// atOnce is how many bytes the first look hashes: small models are ready when the program starts.
const atOnce = 128 << 20

// look is one look at the folder.
type look struct {
	*Inventory
	old       map[string]*Entry // of the look before
	first     bool
	allowance int64 // of bytes to hash
	changed   bool  // something is not as it was
}

func (v *Inventory) newLook() *look {
	l := &look{Inventory: v}
	if l.old, l.first = v.byPath(); l.first {
		l.allowance = atOnce
	}
	return l
}

// advance takes an item as far as it gets now.
func (l *look) advance(item Item) *Entry {
	e := &Entry{Item: item, late: !l.first}
	before := l.old[item.Path]
	switch {
	case before != nil && (before.isSame(item) || before.mark == item.mark && !before.ByVAEs):
		e = l.Inventory.advance(*before, item.Name, &l.allowance)
	case l.first || before != nil && before.mark == item.mark:
		e = l.Inventory.advance(*e, item.Name, &l.allowance)
	}
	l.changed = l.changed || before == nil || !before.isSame(e.Item) || before.State != e.State
	return e
}

// isSame tells whether an item was opened as another one of the same path would be: from the same files.
func (i Item) isSame(other Item) bool {
	return i.mark == other.mark && slices.Equal(i.VAEs, other.VAEs)
}

// byPath returns the entries of the last look, and whether there was none.
func (v *Inventory) byPath() (old map[string]*Entry, first bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	old = map[string]*Entry{}
	for _, e := range v.entries {
		old[e.Path] = e
	}
	return old, !v.looked
}

// take makes what a look found the state of the inventory. What was hashed meanwhile stays hashed.
func (v *Inventory) take(fresh []*Entry, faults []error) {
	old, _ := v.byPath()
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, e := range fresh {
		now := old[e.Path]
		if now != nil && now.isSame(e.Item) && now.State > Unhashed && e.State == Unhashed {
			done := *now
			done.rename(e.Name)
			fresh[i] = &done
		}
	}
	v.logChanges(old, fresh, faults)
	v.entries, v.faults, v.looked = fresh, faults, true
	v.findTwins()
	signal(v.work)
}

// freshTime is how long after its last change a file that cannot be opened may be unfinished.
const freshTime = time.Minute

// advance takes an entry as far as it gets without reading more than the allowance, and names it as it is called now.
func (v *Inventory) advance(e Entry, name string, allowance *int64) *Entry {
	if e.State == Unfinished {
		e.Opened, e.Err = v.Open(e.Item)
		switch {
		case e.Err == nil:
			e.State = Unhashed
		case time.Since(e.Newest) >= freshTime:
			e.State = Refused
		}
	}
	e.rename(name)
	if e.State != Unhashed {
		return &e
	}
	if unknown := v.unknownBytes(e); unknown <= *allowance {
		*allowance -= unknown
		if content, err := Sum(e.Item, e.Model, v.Cache, nil); err == nil {
			e.finish(content)
		}
	}
	return &e
}

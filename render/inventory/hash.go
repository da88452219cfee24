package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/picture"
)

const (
	lookInterval = 5 * time.Second
	lookShare    = 50 // a look may take at most one part in this of the time
	tellInterval = 30 * time.Second
)

// Run looks at the folder again and again, and hashes what is not hashed yet, one file after the other and with the
// lowest priority, until ctx ends.
func (v *Inventory) Run(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock it: a thread of low priority ends with its goroutine
		lowerPriority()
		v.hashAll(ctx)
	}()
	for ctx.Err() == nil {
		began := time.Now()
		v.Look()
		pause(ctx, max(lookInterval, lookShare*time.Since(began)))
	}
	<-done
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// hashAll hashes what is not hashed, and waits for more.
func (v *Inventory) hashAll(ctx context.Context) {
	told := time.Now()
	for ctx.Err() == nil {
		e, found := v.nextUnhashed()
		if !found {
			v.Cache.Save()
			select {
			case <-ctx.Done():
			case <-v.work:
			}
			told = time.Now()
			continue
		}
		v.hash(ctx, e, &told)
	}
	v.Cache.Save()
}

// nextUnhashed chooses what to hash: models first, the smallest of them first.
func (v *Inventory) nextUnhashed() (next Entry, found bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, e := range v.entries {
		if e.State != Unhashed {
			continue
		}
		sooner := e.Kind.IsModel() && !next.Kind.IsModel() ||
			e.Kind.IsModel() == next.Kind.IsModel() && e.Bytes < next.Bytes
		if !found || sooner {
			next, found = *e, true
		}
	}
	return next, found
}

// hash hashes an entry and says what became of it. told is when the progress was last logged.
func (v *Inventory) hash(ctx context.Context, e Entry, told *time.Time) {
	content, err := Sum(e.Item, e.Model, v.Cache, func(bytes int64) error {
		v.mu.Lock()
		v.hashing += bytes
		v.mu.Unlock()
		if time.Since(*told) >= tellInterval {
			*told = time.Now()
			v.logProgress()
			v.Cache.Save()
		}
		return context.Cause(ctx)
	})
	if ctx.Err() != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hashing = 0
	i := slices.IndexFunc(v.entries, func(x *Entry) bool { return x.Path == e.Path && x.isSame(e.Item) })
	if i < 0 {
		return // it changed, and is looked at anew
	}
	now := *v.entries[i]
	switch {
	case err == nil:
		now.finish(content)
	case errors.Is(err, filehash.ErrChanged) || errors.Is(err, fs.ErrNotExist):
		now.State, now.Err = Unfinished, err
		now.mark = 0 // it is new to the next look
	default:
		now.State, now.Err = Refused, err
	}
	v.entries[i] = &now
	v.findTwins()
	v.logState(&now)
	signal(v.changes)
}

// HashNow hashes those entries at once that are not hashed yet, at the caller's priority.
func (v *Inventory) HashNow(ctx context.Context, which func(Entry) bool) {
	told := time.Now()
	for _, e := range v.Entries() {
		if e.State == Unhashed && which(e) && ctx.Err() == nil {
			v.hash(ctx, e, &told)
		}
	}
	v.Cache.Save()
}

// Content is what the files of an item hold.
type Content struct {
	Hash  string          // of a file its SHA-256, of a model folder as folder.Open has it
	Short string          // of an add-on, what A1111 writes of it into the parameters of images
	VAE   string          // of a model that takes the VAE of another file: the SHA-256 of that
	Files []filehash.File // as they were
}

// Sum hashes an item, as far as the cache does not know it. opened is the model that it is; nil for an add-on. Of a
// LoRA A1111 writes the first digits of the hash of what follows the header, of other add-ons those of the whole file.
func Sum(i Item, opened *folder.Model, cache *filehash.Cache, progress filehash.Progress) (c Content, err error) {
	if i.Kind == Folder {
		c.Hash, c.Files, err = folder.Sum(i.Path, cache, progress)
		return c, err
	}
	sum := cache.Sum
	if i.hasTensorHash() {
		sum = cache.SumTensors
	}
	r, err := sum(i.Path, progress)
	if err != nil {
		return Content{}, err
	}
	c.Hash, c.Short = r.SHA256, cmp.Or(r.Tensors, r.SHA256)[:picture.ShortHashDigits]
	c.Files = []filehash.File{{Path: i.Path, Stamp: r.Stamp}}
	if opened != nil && opened.VAE != nil {
		r, err := cache.Sum(opened.VAE.Path, progress)
		if err != nil {
			return Content{}, err
		}
		c.VAE, c.Files = r.SHA256, append(c.Files, filehash.File{Path: opened.VAE.Path, Stamp: r.Stamp})
	}
	return c, nil
}

// Of returns a model that was opened, with the hashes of its content.
func (c Content) Of(opened *folder.Model) *folder.Model {
	m := *opened
	m.Hash, m.Files = c.Hash, c.Files
	if m.VAE != nil {
		vae := *m.VAE
		vae.Ref.Hash = c.VAE
		m.VAE = &vae
	}
	return &m
}

// hasTensorHash tells whether A1111 names the item by the hash of its tensors alone.
func (i Item) hasTensorHash() bool {
	return i.Kind == LoRA && strings.EqualFold(filepath.Ext(i.Path), ".safetensors")
}

// unknownBytes is how much of an item must be read to hash it.
func (v *Inventory) unknownBytes(e Entry) (bytes int64) {
	files := []filehash.File{{Path: e.Path, Stamp: filehash.Stamp{Size: e.Bytes}}}
	switch {
	case e.Kind == Folder:
		files, _ = folder.Stat(e.Path) // whoever hashes it hears the error
	case e.Model != nil && e.Model.VAE != nil:
		files = e.Model.Files
	}
	for _, f := range files {
		if r, known := v.Cache.Known(f.Path); !known || e.hasTensorHash() && r.Tensors == "" {
			bytes += f.Size
		}
	}
	return bytes
}

// Progress is how far the hashing is.
type Progress struct {
	Items, OfItems int   // that are hashed, of those that can be used
	Bytes, OfBytes int64 // of their files
}

// Progress tells how far the hashing is.
func (v *Inventory) Progress() Progress {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := Progress{Bytes: v.hashing}
	for _, e := range v.entries {
		if e.State == Ready {
			p.Items++
			p.Bytes += e.Bytes
		}
		if e.State == Ready || e.State == Unhashed {
			p.OfItems++
			p.OfBytes += e.Bytes
		}
	}
	return p
}

// Done tells whether everything is hashed.
func (p Progress) Done() bool { return p.Items == p.OfItems }

// String says it in words: "12 of 410, 3.2 of 98.1 GiB".
func (p Progress) String() string {
	const gib = 1 << 30
	return fmt.Sprintf("%d of %d, %.1f of %.1f GiB", p.Items, p.OfItems, float64(p.Bytes)/gib, float64(p.OfBytes)/gib)
}

func (v *Inventory) logProgress() {
	v.Log.Info("hashing models and add-ons; those that are hashed can be used", "hashed", v.Progress().String())
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/demo"
	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/inventory"
)

// Directory is the models folder. It need not exist. The demo model, which is built in, is always there, too.
type Directory string

// Inventory finds what lies there and opens it. What is large is not hashed yet: Run of the inventory does that, in the
// background.
func (d Directory) Inventory(log *slog.Logger) (*inventory.Inventory, error) {
	demo, err := unpackDemo()
	if err != nil {
		return nil, err
	}
	v := inventory.New(inventory.Options{
		Root: string(d), BuiltIn: filepath.Dir(demo), Open: OpenItem, Cache: hashes(), Log: log,
	})
	v.Look()
	return v, nil
}

// OpenAll opens and hashes every model, the demo model last: the first is what people get who name none. What cannot be
// used is left out, with an error for each.
func (d Directory) OpenAll(ctx context.Context) (models []*folder.Model, faults []error) {
	v, err := d.Inventory(nil)
	if err != nil {
		return nil, []error{err}
	}
	v.HashNow(ctx, func(e inventory.Entry) bool { return e.Kind.IsModel() })
	return v.Models(), v.Faults()
}

// Open opens the model that was asked for and hashes it: a path, a name in the directory, the name on a card, or the
// demo model for "". hashing is told how much is read for the hash; it may be nil.
func (d Directory) Open(asked string, hashing filehash.Progress) (*folder.Model, error) {
	return d.OpenWithVAE(asked, "", hashing)
}

// OpenWithVAE is Open for a request that names a VAE: a checkpoint without one takes it before all others. "" names
// none.
func (d Directory) OpenWithVAE(asked, vae string, hashing filehash.Progress) (*folder.Model, error) {
	m, item, err := d.open(asked, vae)
	if err != nil {
		return nil, err
	}
	cache := hashes()
	defer cache.Save()
	content, err := inventory.Sum(item, m, cache, hashing)
	if err != nil {
		return nil, fmt.Errorf("hash the model: %w", err)
	}
	return content.Of(m), nil
}

// OpenUnhashed is Open for whoever only reads: the Hash is empty.
func (d Directory) OpenUnhashed(asked string) (*folder.Model, error) {
	m, _, err := d.open(asked, "")
	return m, err
}

func (d Directory) open(asked, vae string) (*folder.Model, inventory.Item, error) {
	item, err := d.find(asked)
	if err != nil {
		return nil, item, err
	}
	m, err := Open(item.Path, folder.Unhashed(), folder.WithVAEs(d.vaes(item, vae)))
	return m, item, err
}

// vaes lists the VAEs that a checkpoint may take.
func (d Directory) vaes(i inventory.Item, asked string) (v folder.VAEs) {
	if i.Kind == inventory.Checkpoint {
		items, _ := inventory.Scan(string(d)) // what cannot be used is told of where it is used
		v.Files, v.Asked = inventory.VAEsAmong(items), asked
	}
	return v
}

func (d Directory) find(asked string) (inventory.Item, error) {
	if asked == "" {
		return findDemo()
	}
	for _, path := range []string{asked, filepath.Join(string(d), asked)} {
		info, err := os.Stat(path)
		if err == nil && (info.IsDir() || folder.IsWeights(path)) {
			return inventory.At(path)
		}
	}
	return d.findName(asked)
}

// findName returns the model whose file or whose card has a name. Such names are what `darkroom models list` shows, and
// people in a chat choose from.
func (d Directory) findName(asked string) (inventory.Item, error) {
	items, faults := inventory.Scan(string(d))
	items = slices.DeleteFunc(items, func(i inventory.Item) bool { return !i.Kind.IsModel() })
	found := named(items, asked)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var paths []string
		for _, i := range found {
			paths = append(paths, i.Path)
		}
		return inventory.Item{}, fmt.Errorf("model %q: the name of %s; name the folder", asked, strings.Join(paths, " and "))
	case strings.EqualFold(asked, demo.Name):
		return findDemo()
	}
	ofName := func(err error) bool {
		return strings.Contains(err.Error(), string(filepath.Separator)+asked) || strings.HasPrefix(err.Error(), asked)
	}
	if i := slices.IndexFunc(faults, ofName); i >= 0 { // what is asked for is here, and cannot be used
		return inventory.Item{}, faults[i]
	}
	none := fmt.Errorf("model %q: no such folder or file, here or in %s, and no card with this name", asked, d)
	return inventory.Item{}, errors.Join(append([]error{none}, faults...)...)
}

// named lists the models that a name means: by the name of the file, else by a card's, else by either in another case.
func named(items []inventory.Item, asked string) []inventory.Item {
	for _, means := range []func(inventory.Item) bool{
		func(i inventory.Item) bool { return i.Name == asked },
		func(i inventory.Item) bool { return i.CardName() == asked },
		func(i inventory.Item) bool {
			return strings.EqualFold(i.Name, asked) || strings.EqualFold(i.CardName(), asked)
		},
	} {
		found := slices.DeleteFunc(slices.Clone(items), func(i inventory.Item) bool { return !means(i) })
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func findDemo() (inventory.Item, error) {
	dir, err := unpackDemo()
	if err != nil {
		return inventory.Item{}, err
	}
	return inventory.At(dir)
}

// Chosen is a Source of those models of an inventory that have one of some names; of all for no name.
type Chosen struct {
	Inventory *inventory.Inventory
	Names     []string
}

// Models lists the models that are ready.
func (c Chosen) Models() []*folder.Model {
	models, _ := pick(c.Inventory.Models(), c.Names)
	return models
}

// Prepare checks that there is a model of each name, and hashes the first model if none is ready yet.
func (c Chosen) Prepare(ctx context.Context) error {
	var opened []*folder.Model
	for _, e := range c.Inventory.Entries() {
		if e.Model != nil && e.State != inventory.Refused {
			opened = append(opened, e.Model)
		}
	}
	opened, err := Choose(opened, c.Names)
	if err != nil || len(opened) == 0 || len(c.Models()) > 0 {
		return err
	}
	c.Inventory.HashNow(ctx, func(e inventory.Entry) bool { return e.Model == opened[0] })
	return nil
}

// Choose keeps the models of these names, all of them when there is no name. A name is a card's, or else that of a
// folder or file, or else either in another case. One that no model has is an error.
func Choose(models []*folder.Model, names []string) ([]*folder.Model, error) {
	chosen, missing := pick(models, names)
	if len(missing) > 0 {
		return nil, fmt.Errorf("model %q: none of that name here; `darkroom models list` shows what there is", missing[0])
	}
	return chosen, nil
}

// pick is Choose that returns the names that no model has.
func pick(models []*folder.Model, names []string) (picked []*folder.Model, missing []string) {
	if len(names) == 0 {
		return models, nil
	}
	chosen := map[*folder.Model]bool{}
	for _, name := range names {
		byCard := func(m *folder.Model) bool { return m.Name == name }
		byFile := func(m *folder.Model) bool {
			base := filepath.Base(m.Dir)
			return base == name || strings.TrimSuffix(base, filepath.Ext(base)) == name
		}
		inAnyCase := func(m *folder.Model) bool {
			base := filepath.Base(m.Dir)
			return slices.ContainsFunc([]string{m.Name, base, strings.TrimSuffix(base, filepath.Ext(base))},
				func(own string) bool { return strings.EqualFold(own, name) })
		}
		switch {
		case slices.ContainsFunc(models, byCard):
			markAll(chosen, models, byCard)
		case slices.ContainsFunc(models, byFile):
			markAll(chosen, models, byFile)
		case slices.ContainsFunc(models, inAnyCase):
			markAll(chosen, models, inAnyCase)
		default:
			missing = append(missing, name)
		}
	}
	return slices.DeleteFunc(slices.Clone(models), func(m *folder.Model) bool { return !chosen[m] }), missing
}

func markAll(chosen map[*folder.Model]bool, models []*folder.Model, which func(*folder.Model) bool) {
	for _, m := range models {
		chosen[m] = chosen[m] || which(m)
	}
}

// hashes opens the cache of hashes.
func hashes() *filehash.Cache { return filehash.Open(cacheFile("hashes.json")) }

// ShowcaseDir is the folder of the images that show what models can render.
func ShowcaseDir() string { return cacheFile("showcase") }

// unpackDemo puts the built-in model where the runtime can read it.
func unpackDemo() (string, error) { return demo.Unpack(cacheFile("models")) }

// cacheFile returns a path in the user's cache. What is there can be made again, so a machine without a home
// directory, or with one that cannot be written, uses its temporary directory.
func cacheFile(name string) string {
	if dir, err := os.UserCacheDir(); err == nil {
		dir = filepath.Join(dir, "darkroom")
		if os.MkdirAll(dir, 0o700) == nil && writable(dir) {
			return filepath.Join(dir, name)
		}
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("cache-%d", os.Getuid()), "darkroom", name)
}

func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".try-*")
	return err == nil && errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

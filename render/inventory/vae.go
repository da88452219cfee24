package inventory

import (
	"darkroom/render/folder"
	"darkroom/render/picture"
)

// VAEsAmong lists the VAEs that any checkpoint may take: those that lie beside a checkpoint are for that one.
func VAEsAmong(items []Item) (all []folder.VAEFile) {
	for _, i := range items {
		if i.Kind == VAE && !i.beside {
			all = append(all, folder.VAEFile{Ref: picture.Ref{Name: i.Name}, Path: i.Path})
		}
	}
	return all
}

// vaesOf is VAEsAmong those entries that could be opened.
func vaesOf(entries []*Entry) []folder.VAEFile {
	var items []Item
	for _, e := range entries {
		if e != nil && (e.State == Unhashed || e.State == Ready) {
			items = append(items, e.Item)
		}
	}
	return VAEsAmong(items)
}

// VAEs lists the VAEs that any checkpoint may take.
func (v *Inventory) VAEs() []folder.VAEFile {
	v.mu.Lock()
	defer v.mu.Unlock()
	return vaesOf(v.entries)
}

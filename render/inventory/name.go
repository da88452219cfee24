package inventory

import (
	"path/filepath"
	"slices"
	"strings"
)

// nameItems names each item after its file. Those of one kind whose names differ at most in case are told apart by
// their folders, and then by their extensions.
func nameItems(items []Item) {
	taken := map[string][]int{} // indices, by kind and name
	for i := range items {
		items[i].Name = items[i].stem()
		key := items[i].nameKey()
		taken[key] = append(taken[key], i)
	}
	for _, same := range taken {
		if len(same) == 1 {
			continue
		}
		for _, i := range same {
			items[i].Name = items[i].fromPlace()
		}
		for n, i := range same {
			if slices.ContainsFunc(same[:n], func(j int) bool { return strings.EqualFold(items[j].Name, items[i].Name) }) {
				items[i].Name += filepath.Ext(items[i].Path)
			}
		}
	}
}

func (i *Item) nameKey() string {
	kind := i.Kind
	if kind.IsModel() {
		kind = Checkpoint
	}
	return string(kind) + ":" + strings.ToLower(i.Name)
}

// stem is the file's name without its extension, or its folder's name where programs always write the same file name.
func (i *Item) stem() string {
	base := filepath.Base(i.Path)
	if i.Kind == Folder {
		return base
	}
	if i.isUnnamed() {
		return filepath.Base(filepath.Dir(i.Path))
	}
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// isUnnamed tells whether a program chose the file's name, and only its folder tells it from others.
func (i *Item) isUnnamed() bool {
	return SaysNothing(filepath.Base(i.Path)) && i.Kind != Folder && filepath.Dir(i.Path) != i.place
}

// SaysNothing tells whether a program gives this name to every file that it writes.
func SaysNothing(base string) bool {
	switch strings.TrimSuffix(base, filepath.Ext(base)) {
	case "diffusion_pytorch_model", "pytorch_lora_weights", "pytorch_model", "model", "learned_embeds":
		return true
	}
	return false
}

// fromPlace is the name with the folders that lead to it.
func (i *Item) fromPlace() string {
	dir := filepath.Dir(i.Path)
	if i.isUnnamed() {
		dir = filepath.Dir(dir)
	}
	rel, err := filepath.Rel(i.place, dir)
	if err != nil {
		return i.Name
	}
	return filepath.ToSlash(filepath.Join(rel, i.Name))
}

package catalog

import (
	"encoding/json"
	"fmt"
	"slices"

	"darkroom/queue"
	"darkroom/render/request"
)

// merge joins what renderers announce: each model and each add-on once, in the order of the slots.
func merge(renderers []queue.Renderer) (all request.Available, err error) {
	seen := map[string]bool{}
	first := func(hash string) bool {
		before := seen[hash]
		seen[hash] = true
		return hash != "" && !before
	}
	for _, r := range renderers {
		for _, announced := range r.Models {
			var m request.Card
			if err := readCard(announced.Card, &m); err != nil {
				return request.Available{}, fmt.Errorf("read the card of model %s at renderer %s: %w", announced.Name, r.Slot, err)
			}
			if m.Name, m.Hash = announced.Name, announced.Hash; first(m.Hash) {
				all.Models = append(all.Models, m)
			}
		}
		for _, announced := range r.Addons {
			if !first(announced.Hash) {
				continue
			}
			var a request.AddonCard
			if err := readCard(announced.Card, &a); err != nil {
				return request.Available{}, fmt.Errorf("read the card of an add-on at renderer %s: %w", r.Slot, err)
			}
			a.Hash = announced.Hash
			all.Addons = append(all.Addons, a)
		}
	}
	all.Renderers = differences(renderers)
	return all, nil
}

func readCard(text json.RawMessage, into any) error {
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, into)
}

// differences lists what each renderer has, or nothing if all have the same.
func differences(renderers []queue.Renderer) (all [][]string) {
	for _, r := range renderers {
		has := slices.Clone(r.Parts)
		for _, m := range r.Models {
			has = append(has, m.Hash)
		}
		for _, a := range r.Addons {
			has = append(has, a.Hash)
		}
		slices.Sort(has)
		has = slices.Compact(has)
		if !slices.ContainsFunc(all, func(other []string) bool { return slices.Equal(other, has) }) {
			all = append(all, has)
		}
	}
	if len(all) < 2 {
		return nil
	}
	return all
}

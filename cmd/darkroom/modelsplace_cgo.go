//go:build cgo

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/inventory"
	"darkroom/render/pipeline"
)

// importModels checks downloaded files as a whole and puts them in their places.
func importModels(_ context.Context, s invocation) error {
	c := s.settings.Models.Import
	v, err := pipeline.Directory(c.ModelsDir).Inventory(nil)
	if err != nil {
		return err
	}
	how := inventory.Share
	switch {
	case c.Move:
		how = inventory.Move
	case c.Link:
		how = inventory.Link
	}
	var faults []error
	for _, path := range c.Files {
		if err := importFile(s, v, path, inventory.Kind(c.As), how); err != nil {
			faults = append(faults, err)
		}
	}
	v.Cache.Save()
	return errors.Join(faults...)
}

func importFile(s invocation, v *inventory.Inventory, path string, kind inventory.Kind, how inventory.How) error {
	if kind == "" {
		recognised, err := inventory.Recognise(path)
		if err != nil {
			return err
		}
		kind = recognised
	}
	sum, err := inventory.Verify(path, v.Cache, nil)
	if err != nil {
		return err
	}
	if e, found := v.Find(kind, sum); found {
		return fmt.Errorf("%s: it is here already, as %s", path, e.Path)
	}
	item := inventory.Item{Kind: kind, Path: path, Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))}
	if item.Path, err = filepath.Abs(path); err != nil {
		return err
	}
	opened, err := pipeline.OpenItem(item)
	if err != nil {
		return err
	}
	target, err := inventory.Put(s.settings.Models.Import.ModelsDir, path, kind, how)
	if err != nil {
		return err
	}
	placed, err := v.Cache.Sum(target, nil) // known at once, unless it was copied
	if err == nil && placed.SHA256 != sum {
		err = fmt.Errorf("%s: the copy differs from %s", target, path)
	}
	if err != nil {
		return err
	}
	what := describeEntry(inventory.Entry{Item: item, Opened: opened})
	_, err = fmt.Fprintf(s.stdout, "%s: %s, SHA-256 %s\n", target, what, sum)
	return err
}

// removeModel deletes a model or an add-on, after asking.
func removeModel(_ context.Context, s invocation) error {
	c := s.settings.Models.Remove
	item, err := findToRemove(c.ModelsDir, c.Name, inventory.Kind(c.As))
	if err != nil {
		return err
	}
	for _, path := range item.Files() {
		if _, err := fmt.Fprintln(s.stdout, path); err != nil {
			return err
		}
	}
	if !c.Yes {
		fmt.Fprintf(s.stdout, "Delete %s? [y/N] ", size(item.Bytes))
		if !saysYes(s) {
			return errors.New("nothing was deleted; --yes deletes without asking")
		}
	}
	return inventory.Remove(c.ModelsDir, item)
}

// findToRemove finds the one thing of a name below the models folder.
func findToRemove(dir, asked string, kind inventory.Kind) (inventory.Item, error) {
	items, _ := inventory.Scan(dir)
	absolute, err := filepath.Abs(asked)
	if err != nil {
		return inventory.Item{}, err
	}
	items = slices.DeleteFunc(items, func(i inventory.Item) bool {
		named := i.Name == asked || i.Path == absolute || filepath.Base(i.Path) == asked
		ofKind := kind == "" || i.Kind == kind || kind == inventory.Checkpoint && i.Kind.IsModel()
		return !named || !ofKind
	})
	switch len(items) {
	case 0:
		none := fmt.Errorf("%q: nothing of that name in %s; `darkroom models list` shows what there is", asked, dir)
		return inventory.Item{}, none
	case 1:
		return items[0], nil
	}
	var paths []string
	for _, i := range items {
		paths = append(paths, i.Path)
	}
	return inventory.Item{}, fmt.Errorf("%q: the name of %s; give the path", asked, strings.Join(paths, " and "))
}

func saysYes(s invocation) bool {
	if s.stdin == nil {
		return false
	}
	line, _ := bufio.NewReader(s.stdin).ReadString('\n') // nothing is no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

//go:build cgo

package main

import (
	"bufio"
	"cmp"
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
	item.VAEs = v.VAEs()
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
	s.noteMissingModels(c.ModelsDir)
	v, err := pipeline.Directory(c.ModelsDir).Inventory(nil)
	if err != nil {
		return err
	}
	item, err := findToRemove(v, c.Name, inventory.Kind(c.As))
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
func findToRemove(v *inventory.Inventory, asked string, kind inventory.Kind) (inventory.Item, error) {
	found := findEntries(v, asked, kind)
	switch {
	case len(found) == 0:
		none := fmt.Errorf("%q: nothing of that name in %s; `darkroom models list` shows what there is", asked, v.Root)
		return inventory.Item{}, none
	case len(found) > 1:
		return inventory.Item{}, severalOfName(asked, found)
	case isBuiltIn(v, found[0]):
		return inventory.Item{}, fmt.Errorf("%q: built in, it cannot be removed", asked)
	}
	return found[0].Item, nil
}

func severalOfName(asked string, found []inventory.Entry) error {
	var paths []string
	for _, e := range found {
		paths = append(paths, e.Path)
	}
	return fmt.Errorf("%q: the name of %s; give the path", asked, strings.Join(paths, " and "))
}

// findEntries finds what `darkroom models list` shows under a name, or what lies at a path: by the path, else by the
// file's name, else by a model's card, and else by either in another case. What is built in comes after the rest.
func findEntries(v *inventory.Inventory, asked string, kind inventory.Kind) []inventory.Entry {
	all := slices.DeleteFunc(v.Entries(), func(e inventory.Entry) bool {
		return kind != "" && e.Kind != kind && (kind != inventory.Checkpoint || !e.Kind.IsModel())
	})
	here, err := filepath.Abs(asked)
	below, err2 := filepath.Abs(filepath.Join(v.Root, asked))
	file := func(e inventory.Entry) string { return filepath.Base(e.Path) }
	for _, is := range []func(inventory.Entry) bool{
		func(e inventory.Entry) bool { return err == nil && e.Path == here || err2 == nil && e.Path == below },
		func(e inventory.Entry) bool { return e.Name == asked || file(e) == asked },
		func(e inventory.Entry) bool { return shownName(e) == asked },
		func(e inventory.Entry) bool {
			return strings.EqualFold(e.Name, asked) || strings.EqualFold(file(e), asked) ||
				strings.EqualFold(shownName(e), asked)
		},
	} {
		var own, builtIn []inventory.Entry
		for _, e := range all {
			switch {
			case !is(e):
			case isBuiltIn(v, e):
				builtIn = append(builtIn, e)
			default:
				own = append(own, e)
			}
		}
		if len(own) > 0 {
			return own
		}
		if len(builtIn) > 0 {
			return builtIn
		}
	}
	return nil
}

// shownName is the name of a model's card where it has one, also of a model that cannot be opened.
func shownName(e inventory.Entry) string {
	if !e.Kind.IsModel() {
		return e.Name
	}
	if e.Model != nil {
		return e.Model.Name
	}
	return cmp.Or(e.CardName(), e.Name)
}

func isBuiltIn(v *inventory.Inventory, e inventory.Entry) bool {
	return strings.HasPrefix(e.Path, v.BuiltIn+string(filepath.Separator))
}

func saysYes(s invocation) bool {
	if s.stdin == nil {
		return false
	}
	line, _ := bufio.NewReader(s.stdin).ReadString('\n') // nothing is no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

package inventory

import "slices"

// logChanges says what came and went since the last look, and at the first look what cannot be used.
func (v *Inventory) logChanges(old map[string]*Entry, fresh []*Entry, faults []error) {
	for _, err := range faults {
		if !slices.ContainsFunc(v.faults, func(known error) bool { return known.Error() == err.Error() }) {
			v.Log.Warn("a file is left out", "error", err)
		}
	}
	here := map[string]bool{}
	for _, e := range fresh {
		here[e.Path] = true
		before := old[e.Path]
		if before != nil && before.State == e.State && before.mark == e.mark {
			continue
		}
		v.logState(e)
	}
	for path, e := range old {
		if !here[path] {
			v.Log.Info("gone from the models folder", "kind", e.Kind, "name", e.Name)
		}
	}
}

func (v *Inventory) logState(e *Entry) {
	switch e.State {
	case Refused:
		if e.Kind.IsModel() {
			v.Log.Warn("a model is left out", "error", e.Err)
		} else {
			v.Log.Warn("an add-on is left out", "error", e.Err)
		}
	case Unfinished:
		if v.looked {
			v.Log.Info("new or changed in the models folder", "kind", e.Kind, "name", e.Name)
		}
	case Ready:
		if e.late || v.looked && e.Kind.IsModel() { // of hundreds of LoRAs the progress is told
			v.Log.Info("ready to be used", "kind", e.Kind, "name", e.Name)
		}
		for _, note := range e.Notes {
			v.Log.Warn("a setting is not followed", "name", e.Name, "setting", note)
		}
	case Unhashed:
	}
}

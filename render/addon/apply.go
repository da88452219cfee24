package addon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"darkroom/render/phrase"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

// Use is a LoRA with its strengths. One of strength 0 is left out, as if it were not there.
type Use struct {
	LoRA  *LoRA
	Unet  float64
	Text  float64 // of the text encoders
	Ranks int     // how many of its ranks count, A1111's dyn; 0 for all
}

// entry is what a Use changes in one module.
type entry struct {
	use      Use
	strength float64
	module   string // its name in the file
	kind     kind
	mapping  *safetensors.Mapping
}

// Apply computes what some LoRAs change in a model, in their order. The notes are sentences for the person who asked,
// about what fits nothing. An add-on that does not fit is a Refusal. cache keeps merged weights; nil for none.
//
// Changes add up. Only those that depend on the weight (DoRA, IA³, OFT) see what the LoRAs before them made of it, as
// in A1111.
func Apply(ctx context.Context, m *Model, uses []Use, cache *Cache) (c Changes, notes []string, err error) {
	uses = slices.DeleteFunc(slices.Clone(uses), func(u Use) bool { return u.Unet == 0 && u.Text == 0 })
	names := map[string][]string{}
	for part, weights := range m.Parts {
		names[part] = slices.Collect(maps.Keys(weights))
	}
	modules := weightname.NewModules(names)
	targets := map[weightname.Module][]entry{}
	for _, u := range uses {
		mapping, err := u.LoRA.file.Map()
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", u.LoRA.Name, err)
		}
		defer func() { err = errors.Join(err, mapping.Close()) }()
		note, err := m.match(u, mapping, modules, targets)
		if err != nil {
			return nil, nil, err
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	c, err = m.changes(ctx, targets, cache)
	return c, notes, err
}

// match finds the modules that a LoRA changes, and says in a note which of its weights fit none.
func (m *Model) match(
	u Use, mapping *safetensors.Mapping, modules *weightname.Modules, targets map[weightname.Module][]entry,
) (note string, err error) {
	l := u.LoRA
	if families := l.Families(); len(families) > 0 && m.Family != "" && !slices.Contains(families, m.Family) {
		return "", refuse("“%s” is a LoRA for %s, and this model is %s", shorten(l.Name), families[0], m.Family)
	}
	unused := slices.Clone(l.other)
	seen := map[weightname.Module]bool{}
	for _, name := range slices.Sorted(maps.Keys(l.modules)) {
		k := kindOf(l.modules[name])
		if err := l.checkKind(name, k); err != nil {
			return "", err
		}
		module, ok := modules.Find(name)
		ok = ok && !seen[module]
		for field, key := range l.modules[name] {
			if !ok || !k.uses(field) || m.hasNoBias(module, field) {
				unused = append(unused, key)
			}
		}
		if !ok {
			continue
		}
		seen[module] = true
		if s := u.strength(module.Part); s != 0 {
			targets[module] = append(targets[module], entry{u, s, name, k, mapping})
		}
	}
	if len(seen) == 0 && len(l.modules) > 0 {
		return "", refuse(
			"“%s” does not fit this model: none of its %d modules is in it", shorten(l.Name), len(l.modules),
		)
	}
	if len(unused) > 0 {
		slices.Sort(unused)
		note = phrase.Of("“%s”: %d of %d weights fit nothing in this model and were left out (%s).",
			shorten(l.Name), len(unused), len(l.file.Tensors), some(unused)).String()
	}
	return note, nil
}

// strength is that of a part of the model.
func (u Use) strength(part string) float64 {
	if part == weightname.Unet {
		return u.Unet
	}
	return u.Text
}

// maxRank is the highest rank of a change. Those of published files are at most 1024, and the layers of SDXL have at
// most 10240 inputs or outputs.
const maxRank = 4096

// checkKind refuses a module of a kind that is known and not supported, or of a rank that would fill the memory.
func (l *LoRA) checkKind(module string, k kind) error {
	for _, field := range []weightname.Field{weightname.Down, "hada_w1_b", "lokr_w1_b", "lokr_w2_b"} {
		if t := l.file.Tensors[l.modules[module][field]]; len(t.Shape) > 0 && t.Shape[0] > maxRank {
			return refuse("“%s” has the rank %d in %s, and at most %d is supported",
				shorten(l.Name), t.Shape[0], shorten(module), maxRank)
		}
	}
	if t := l.file.Tensors[l.modules[module]["oft_blocks"]]; len(t.Shape) == 4 {
		return refuse("“%s” holds a BOFT, a kind of change that is not supported", shorten(l.Name))
	}
	for field, what := range unsupported {
		if l.modules[module][field] != "" && k.name == "" {
			return refuse("“%s” holds %s, a kind of change that is not supported", shorten(l.Name), what)
		}
	}
	return nil
}

// hasNoBias says that a field changes a bias that the model does not have.
func (m *Model) hasNoBias(module weightname.Module, field weightname.Field) bool {
	return slices.Contains(biasFields, field) && !m.hasBias(module)
}

func (m *Model) hasBias(module weightname.Module) bool {
	_, has := m.Parts[module.Part][module.Name+".bias"]
	return has
}

// changesBias says that an entry changes the bias of a module whose weight has a shape: by a field of its own, or as an
// IA³ of PEFT's does with the outputs.
func (e entry) changesBias(weight []int64) bool {
	keys := e.use.LoRA.modules[e.module]
	l, w := sides(e.use.LoRA.file.Tensors[keys[peftIA3]].Shape), sides(weight)
	if len(l) > 1 && len(w) > 1 {
		return !e.use.LoRA.peftOf(e.module).scalesInputs(l, w)
	}
	return slices.ContainsFunc(biasFields, func(f weightname.Field) bool { return keys[f] != "" })
}

// sides is a shape in whole numbers of Go's own.
func sides(shape []int64) []int {
	out := make([]int, len(shape))
	for i, d := range shape {
		out[i] = int(d)
	}
	return out
}

// changes computes the changes of all modules, several at once.
func (m *Model) changes(
	ctx context.Context, targets map[weightname.Module][]entry, cache *Cache,
) (Changes, error) {
	var mu sync.Mutex
	out := Changes{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for module, entries := range targets {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			one := newChanges()
			if err := m.changeModule(one, module, entries, cache); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(out.part(module.Part).Branches, one.Branches)
			maps.Copy(out.part(module.Part).Weights, one.Weights)
			return nil
		})
	}
	return out, group.Wait()
}

// changeModule computes the change of one module: a branch of what has a low rank, and a weight of the rest. Where
// one of the changes depends on the weight, all of them go into it, in their order.
func (m *Model) changeModule(c *tensor.Changes, module weightname.Module, entries []entry, cache *Cache) error {
	var low, dense, bias []entry
	for _, e := range entries {
		if m.hasBias(module) && e.changesBias(m.Parts[module.Part][module.Name+".weight"].Shape) {
			bias = append(bias, e)
		}
		switch {
		case e.kind.name == "":
		case e.lowRank() && m.takesBranch(module.Part, module.Name):
			low = append(low, e)
		default:
			dense = append(dense, e)
		}
	}
	if slices.ContainsFunc(dense, entry.dependent) {
		low, dense = nil, slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.kind.name == "" })
	}
	if len(low) > 0 {
		b, err := m.branch(module, low)
		if err != nil {
			return err
		}
		c.Branches[module.Name] = b
	}
	for weight, list := range map[string][]entry{module.Name + ".weight": dense, module.Name + ".bias": bias} {
		if len(list) == 0 {
			continue
		}
		w, err := m.merged(module.Part, weight, list, cache)
		if err != nil {
			return err
		}
		c.Weights[weight] = w
	}
	return nil
}

// lowRank says that a change is a product of two matrices.
func (e entry) lowRank() bool {
	keys := e.use.LoRA.modules[e.module]
	return e.kind.name == "LoRA" && keys[weightname.Mid] == "" && !e.dora()
}

// dependent says that a change depends on the weight that it changes.
func (e entry) dependent() bool { return e.kind.turn != nil || e.dora() }

func (e entry) dora() bool {
	keys := e.use.LoRA.modules[e.module]
	return e.kind.delta != nil && (keys[weightname.DoRAScale] != "" || keys[weightname.Magnitude] != "")
}

// misfit names the add-on and the module of an error of shapes.
func (e entry) misfit(err error) error {
	if errors.Is(err, errShape) {
		return refuse("“%s” does not fit this model: %s: %s", shorten(e.use.LoRA.Name), shorten(e.module), err)
	}
	return err
}

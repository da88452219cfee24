package addon

import (
	"fmt"
	"maps"
	"strings"

	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

// branch puts low-rank changes side by side. Strength and scale are multiplied into Up.
func (m *Model) branch(module weightname.Module, entries []entry) (tensor.Branch, error) {
	shape := m.Parts[module.Part][module.Name+".weight"].Shape
	if len(shape) < 2 {
		return tensor.Branch{}, fmt.Errorf("module %s takes no branch", module.Name)
	}
	out, in := int(shape[0]), 1
	for _, d := range shape[1:] {
		in *= int(d)
	}
	var downs, ups []float32 // [rank, in] and [rank, out]
	for _, e := range entries {
		f, err := e.use.LoRA.read(e.mapping, e.module)
		if err != nil {
			return tensor.Branch{}, err
		}
		up, down := f[weightname.Up], f[weightname.Down]
		rank := down.dim(0)
		if down.tail() != in || up.dim(0) != out || up.tail() != rank {
			return tensor.Branch{}, e.misfit(fmt.Errorf("%w: %v·%v for a weight of %v", errShape, up.shape, down.shape, shape))
		}
		factor := float32(e.strength * e.use.LoRA.scale(e.module, e.kind, f))
		turned := transpose(up.data, out, rank)
		for i := range turned {
			turned[i] *= factor
		}
		used := rank
		if e.use.Ranks > 0 {
			used = min(used, e.use.Ranks)
		}
		downs, ups = append(downs, down.data[:used*in]...), append(ups, turned[:used*out]...)
	}
	rank := len(ups) / out
	down, err := tensor.Of(transpose(downs, rank, in), in, rank)
	if err != nil {
		return tensor.Branch{}, err
	}
	up, err := tensor.Of(ups, rank, out)
	return tensor.Branch{Down: down, Up: up}, err
}

// merged returns a weight or bias with changes, in the element type of the model's own.
func (m *Model) merged(part, weight string, entries []entry, cache *Cache) ([]byte, error) {
	key := m.cacheKey(part, weight, entries)
	if w, ok := cache.get(key); ok {
		return w, nil
	}
	base, err := m.Read(part, weight)
	if err != nil {
		return nil, err
	}
	base = base.Clone() // it may be shared
	w := values{base.Shape, base.Data}
	for _, e := range entries {
		f, err := e.use.LoRA.read(e.mapping, e.module)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(weight, ".bias") {
			err = e.addToBias(f, w)
		} else {
			err = e.addToWeight(f, w)
		}
		if err != nil {
			return nil, e.misfit(err)
		}
	}
	data, err := encode(m.Parts[part][weight].DType, w.data)
	if err != nil {
		return nil, err
	}
	cache.put(key, data)
	return data, nil
}

// cacheKey tells a merged weight apart by the model and by what was merged.
func (m *Model) cacheKey(part, weight string, entries []entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", m.Hash, part, weight)
	for _, e := range entries {
		fmt.Fprintf(&b, " %s@%v/%d", e.use.LoRA.Hash, e.strength, e.use.Ranks)
	}
	return b.String()
}

// addToWeight adds a change to w. One that depends on the weight is W + strength·(W' − W), W' being the weight at
// strength 1, as in A1111 and ComfyUI.
func (e entry) addToWeight(f fields, w values) error {
	if e.kind.turn != nil {
		turned, err := e.kind.turn(f, w, e.use.LoRA.peftOf(e.module))
		if err != nil {
			return err
		}
		w.approach(turned, e.strength)
		return nil
	}
	scale := e.use.LoRA.scale(e.module, e.kind, f)
	if e.use.Ranks > 0 && e.kind.name == "LoRA" {
		f = f.cut(e.use.Ranks)
	}
	change, err := e.kind.delta(f, w.shape)
	if err != nil {
		return err
	}
	delta, err := fit(change, w.shape)
	if err != nil {
		return err
	}
	if !e.dora() {
		for i, d := range delta {
			w.data[i] += float32(e.strength*scale) * d
		}
		return nil
	}
	merged := values{w.shape, make([]float32, len(w.data))}
	for i, d := range delta {
		merged.data[i] = w.data[i] + float32(scale)*d
	}
	if err := dora(f, merged); err != nil {
		return err
	}
	w.approach(merged.data, e.strength)
	return nil
}

// approach moves w towards another weight.
func (v values) approach(to []float32, strength float64) {
	for i, x := range to {
		v.data[i] += float32(strength) * (x - v.data[i])
	}
}

// addToBias adds a change to a bias. PEFT's bias of B is scaled as B is.
func (e entry) addToBias(f fields, w values) error {
	if l, ok := f[peftIA3]; ok {
		return e.scaleBias(l, w)
	}
	for _, name := range biasFields {
		d, ok := f[name]
		if !ok {
			continue
		}
		if len(d.data) != len(w.data) {
			return fmt.Errorf("%w: a change of %v for a bias of %v", errShape, d.shape, w.shape)
		}
		factor := e.strength
		if name == "lora_up_bias" {
			factor *= e.use.LoRA.scale(e.module, e.kind, f)
		}
		for i, x := range d.data {
			w.data[i] += float32(factor) * x
		}
	}
	return nil
}

// scaleBias multiplies a bias by what multiplies the outputs of an IA³ of PEFT's.
func (e entry) scaleBias(l, w values) error {
	if len(l.data) != len(w.data) {
		return fmt.Errorf("%w: a factor of %v for a bias of %v", errShape, l.shape, w.shape)
	}
	for i, x := range l.data {
		w.data[i] *= 1 + float32(e.strength)*(x-1)
	}
	return nil
}

// cut leaves a LoRA's first ranks.
func (f fields) cut(ranks int) fields {
	down, up := f[weightname.Down], f[weightname.Up]
	rank := down.dim(0)
	if ranks >= rank || f.has(weightname.Mid) || up.tail() != rank {
		return f
	}
	out := maps.Clone(f)
	out[weightname.Down] = values{append([]int{ranks}, down.inner()...), down.data[:ranks*down.tail()]}
	short := make([]float32, 0, up.dim(0)*ranks)
	for i := range up.dim(0) {
		short = append(short, up.data[i*rank:i*rank+ranks]...)
	}
	out[weightname.Up] = values{[]int{up.dim(0), ranks}, short}
	return out
}

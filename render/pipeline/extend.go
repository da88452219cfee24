package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"darkroom/render"
	"darkroom/render/addon"
	"darkroom/render/addon/hypernet"
	"darkroom/render/checkpoint"
	"darkroom/render/clip"
	"darkroom/render/filehash"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// Addons finds the files of add-ons.
type Addons interface {
	// Addon returns the file of an add-on by its kind (picture.LoRA and the others) and the hash of its content. An error
	// says that no such file is here, or that it is not what was hashed any more.
	Addon(kind, hash string) (path string, err error)
}

// InventoryAddons are the add-ons of an inventory.
type InventoryAddons struct {
	*inventory.Inventory
	Using func([]filehash.File) // is told which files are about to be read; nil for nobody
}

// Addon returns the file of an add-on that is ready and unchanged.
func (a InventoryAddons) Addon(kind, hash string) (string, error) {
	e, ok := a.Find(inventory.Kind(kind), hash)
	if !ok {
		return "", fmt.Errorf("no %s of the hash %s is here", picture.KindName(kind), hash)
	}
	if err := e.Changed(); err != nil {
		return "", err
	}
	if a.Using != nil {
		a.Using(e.Files())
	}
	return e.Path, nil
}

// mergedBytes is how much memory merged weights of add-ons may take, of those that are no low-rank factors.
const mergedBytes = 1 << 30

// extender puts add-ons into a loaded model. Its methods may be called concurrently.
type extender struct {
	model *onnx.Model
	parts render.Parts
	files Addons
	cache *addon.Cache
	base  func() (*addon.Model, error)
}

func newExtender(model *onnx.Model, parts render.Parts, files Addons) *extender {
	e := &extender{model: model, parts: parts, files: files, cache: addon.NewCache(mergedBytes)}
	e.base = sync.OnceValues(func() (*addon.Model, error) { return describeForAddons(model.Folder, model.Device) })
	return e
}

// extend returns the parts with the add-ons of a Spec: see render.Parts.
func (e *extender) extend(ctx context.Context, spec picture.Spec) (render.Extended, error) {
	var changes onnx.Addons
	var notes []string
	loras, err := e.openLoRAs(spec)
	if err == nil {
		notes, err = e.applyLoRAs(ctx, loras, &changes)
	}
	if err == nil {
		err = e.applyHypernets(spec, &changes)
	}
	if err == nil {
		err = e.applyVAE(spec, &changes)
	}
	var words []*clip.Tokenizer
	if err == nil {
		words, err = e.applyEmbeddings(spec, loras, &changes)
	}
	if err != nil {
		return render.Extended{}, refuseAddon(err)
	}
	changed, err := e.model.With(changes)
	if err != nil {
		return render.Extended{}, err
	}
	parts := e.partsOf(changed)
	parts.Tokenizers = words
	extended := render.Extended{Parts: parts, Notes: notes}
	if changed.Device.OwnMemory() { // a device cannot wait for the collector
		extended.Close = changed.Close
	}
	return extended, nil
}

// partsOf returns the parts of the model with changed networks.
func (e *extender) partsOf(changed *onnx.Model) render.Parts {
	p := e.parts
	p.Text, p.Unet, p.Decoder = changed, changed, changed
	if len(p.Tokenizers) > 1 {
		p.Text = splitEncoder{changed, len(p.Tokenizers)}
	}
	if p.Encoder != nil {
		p.Encoder = changed
	}
	if p.Seamless != nil {
		p.Seamless = seamless(changed)
	}
	return p
}

// refuseAddon makes a refusal of an add-on's own.
func refuseAddon(err error) error {
	if refusal, ok := errors.AsType[addon.Refusal](err); ok {
		return &render.Refusal{Sentence: string(refusal), Err: err}
	}
	return err
}

// find returns the file of an add-on.
func (e *extender) find(p picture.Part) (string, error) {
	if e.files == nil {
		return "", &render.Refusal{Sentence: phrase.Of("%s is not here", p).String()}
	}
	path, err := e.files.Addon(p.Kind, p.Hash)
	if err != nil {
		return "", &render.Refusal{Sentence: phrase.Of("%s is not here any more", p).String(), Err: err}
	}
	return path, nil
}

// each calls use for every add-on of a kind that changes something, with its file.
func (e *extender) each(spec picture.Spec, kind string, use func(a picture.Addon, path string) error) error {
	for _, a := range spec.Addons {
		if a.Kind != kind || a.Idle() {
			continue
		}
		path, err := e.find(picture.Part{Kind: kind, Name: a.Name, Hash: a.Hash})
		if err == nil {
			err = use(a, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openLoRAs reads the headers of a Spec's LoRAs.
func (e *extender) openLoRAs(spec picture.Spec) (uses []addon.Use, err error) {
	err = e.each(spec, picture.LoRA, func(a picture.Addon, path string) error {
		lora, err := addon.OpenLoRA(path, a.Name, a.Hash)
		use := addon.Use{LoRA: lora, Unet: a.Strength, Text: a.Strength}
		if a.TextStrength != nil {
			use.Text = *a.TextStrength
		}
		uses = append(uses, use)
		return err
	})
	return uses, err
}

// applyLoRAs computes the changes by LoRAs.
func (e *extender) applyLoRAs(ctx context.Context, uses []addon.Use, into *onnx.Addons) (notes []string, err error) {
	if len(uses) == 0 {
		return nil, nil
	}
	base, err := e.base()
	if err != nil {
		return nil, err
	}
	changes, notes, err := addon.Apply(ctx, base, uses, e.cache)
	if err != nil {
		return nil, err
	}
	into.Unet = changesOf(changes[unetPart])
	for _, part := range e.model.Folder.Config.Family.TextParts() {
		into.Text = append(into.Text, changesOf(changes[part]))
	}
	return notes, nil
}

// changesOf are the changes of one network.
func changesOf(c *tensor.Changes) tensor.Changes {
	if c == nil {
		return tensor.Changes{}
	}
	return *c
}

// applyHypernets reads hypernetworks, in their order.
func (e *extender) applyHypernets(spec picture.Spec, into *onnx.Addons) error {
	return e.each(spec, picture.Hypernet, func(a picture.Addon, path string) error {
		network, err := hypernet.Open(path)
		if err != nil {
			return &render.Refusal{Sentence: phrase.Of("the hypernetwork “%s” cannot be read", a.Name).String(), Err: err}
		}
		family := e.model.Folder.Config.Family.Name
		if fits := network.Families(); len(fits) > 0 && !slices.Contains(fits, family) {
			return &render.Refusal{Sentence: phrase.Of(
				"“%s” is a hypernetwork for %s, and this model is %s", a.Name, strings.Join(fits, ", "), family).String()}
		}
		width := e.model.Folder.Config.TextWidth
		if fits := network.TextWidths(); len(fits) > 0 && width > 0 && !slices.Contains(fits, width) {
			return &render.Refusal{Sentence: phrase.Of(
				"“%s” is a hypernetwork for text that is %v wide, and this model's is %d", a.Name, fits, width).String()}
		}
		into.Unet.Hypernets = append(into.Unet.Hypernets, hypernetOf(network, a.Strength))
		return nil
	})
}

// applyVAE opens the VAE that a Spec names.
func (e *extender) applyVAE(spec picture.Spec, into *onnx.Addons) error {
	if spec.VAE == nil {
		return nil
	}
	path, err := e.find(picture.Part{Kind: picture.VAE, Name: spec.VAE.Name, Hash: spec.VAE.Hash})
	if err != nil {
		return err
	}
	if into.VAE, err = checkpoint.OpenVAE(path); err != nil {
		return &render.Refusal{Sentence: phrase.Of("the VAE “%s” cannot be used", spec.VAE.Name).String(), Err: err}
	}
	return nil
}

// hypernetOf is a hypernetwork as networks take it.
func hypernetOf(n hypernet.Network, strength float64) tensor.Hypernet {
	out := tensor.Hypernet{Strength: float32(strength), Widths: map[int][2][]tensor.HypernetLayer{}}
	for width, pair := range n.Widths {
		out.Widths[width] = [2][]tensor.HypernetLayer{hypernetLayers(pair.Key), hypernetLayers(pair.Value)}
	}
	return out
}

func hypernetLayers(m hypernet.Module) []tensor.HypernetLayer {
	var all []tensor.HypernetLayer
	for _, l := range m {
		switch {
		case l.Linear != nil:
			all = append(all, tensor.HypernetLayer{
				Op: graph.HypernetLinear, Weight: tensor.Transpose(l.Linear.Weight), Bias: l.Linear.Bias,
			})
		case l.Norm != nil:
			all = append(all, tensor.HypernetLayer{Op: graph.HypernetNorm, Weight: l.Norm.Weight, Bias: l.Norm.Bias})
		default:
			all = append(all, tensor.HypernetLayer{Op: l.Activation})
		}
	}
	return all
}

//go:build cgo

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render/encode"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// Limits of what is read for a picture.
const (
	maxInputBytes  = 64 << 20
	maxInputPixels = 64_000_000
)

// What a model is painted with that has no card, as the tools do that such models come from.
const (
	defaultSide     = 512 // pixels
	defaultSteps    = 20
	defaultGuidance = 7.5
	defaultSampler  = "dpmpp_2m_karras"
	defaultStrength = 0.75
)

// order is what was asked for at the shell, with every default resolved.
type drawRequest struct {
	settings config.Draw
	folder   *folder.Folder
	spec     picture.Spec
	inputs   map[string][]byte // by SHA-256
	latents  *tensor.Tensor    // the latents to start from, if there are any
}

// unread is the SHA-256 of an input picture that was not read yet, so that the rest of a Spec can be checked before.
var unreadInput = strings.Repeat("0", 64) //nolint:gochecknoglobals // a constant; Go has no constant calls

// settle makes the choices that the words leave open, as the bot does: by the seed, which is drawn here if none was asked
// for. Words that make several prompts are refused.
func (o *drawRequest) expand(ctx context.Context) error {
	d := &o.settings
	if d.Seed == nil {
		seed := rand.Int64N(1 << 32)
		d.Seed = &seed
	}
	texts := []string{d.Prompt}
	if d.Negative != nil {
		texts = append(texts, *d.Negative)
	}
	rows, err := expandPrompts(ctx, texts, *d.Seed, d.Wildcards)
	if err != nil {
		return err
	}
	if len(rows) > 1 {
		return fmt.Errorf("the braces make %d prompts, and draw paints one: write {a|b} to choose, or \\{ for a plain brace", len(rows))
	}
	if d.Prompt = rows[0][0]; d.Negative != nil {
		d.Negative = &rows[0][1]
	}
	return nil
}

// take resolves the settings into a Spec, or tells all that is wrong with them.
func (o *drawRequest) resolve() error {
	d := o.settings
	defaults, err := o.modelDefaults()
	size := o.size(defaults)
	o.spec = picture.Spec{
		Version: picture.Version, Dialect: cmp.Or(picture.Dialect(d.Dialect), pipeline.Dialect(o.folder)),
		Notation: notationOf(d.Notation, d.Prompt), Tiling: d.Tile, Model: picture.Ref{Name: o.folder.Name, Hash: o.folder.Hash},
		Prompt: d.Prompt, Negative: defaults.Negative,
		Width: size.Width, Height: size.Height, Seed: rand.Int64N(1 << 32), Count: 1,
		Steps:         cmp.Or(defaults.Steps, defaultSteps),
		GuidanceScale: cmp.Or(defaults.GuidanceScale, defaultGuidance),
		Sampler:       cmp.Or(encode.SamplerName(d.Sampler, ""), defaults.Sampler, defaultSampler),
		Eta:           d.Eta, Rescale: d.Rescale, SeedDelta: d.SeedDelta, SeedSize: (*picture.Size)(d.SeedSize),
	}
	o.fitSteps()
	setIfGiven(&o.spec.Negative, d.Negative)
	setIfGiven(&o.spec.Seed, d.Seed)
	setIfGiven(&o.spec.Steps, d.Steps)
	setIfGiven(&o.spec.GuidanceScale, d.Cfg)
	if d.Emphasis == string(picture.EmphasisNoNorm) {
		o.spec.Emphasis = picture.EmphasisNoNorm
	}
	if d.ClipSkip > 1 { // 1 is what a Spec takes that says nothing
		o.spec.ClipSkip = d.ClipSkip
	}
	if d.Init != "" {
		o.spec.Init = &picture.Init{Picture: picture.Input{SHA256: unreadInput}, Strength: defaultStrength}
		setIfGiven(&o.spec.Init.Strength, d.Strength)
	}
	return errors.Join(err, o.checkSize(), o.checkSampler(), o.spec.Validate(), o.readInputs(), o.readLatents())
}

// inOneLine makes one line of faults that were joined, in their order; nil of none.
func inOneLine(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.Join(faultsIn(err), "; "))
}

func faultsIn(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var all []string
	for _, e := range joined.Unwrap() {
		all = append(all, faultsIn(e)...)
	}
	return all
}

func setIfGiven[T any](v *T, asked *T) {
	if asked != nil {
		*v = *asked
	}
}

// suited are the settings that suit the model, or that suit it in a hurry.
func (o *drawRequest) modelDefaults() (folder.Defaults, error) {
	if !o.settings.FewSteps {
		return pipeline.Defaults(o.folder), nil
	}
	quick, ok := pipeline.FewStepDefaults(o.folder)
	if !ok {
		return quick, fmt.Errorf("--few-steps: the model %s names no settings for few steps; give --steps, --sampler and --cfg", o.folder.Name)
	}
	return quick, nil
}

// size is the one that was asked for, or the model's own.
func (o *drawRequest) size(own folder.Defaults) folder.Size {
	if s := o.settings.Size; s != nil {
		return folder.Size(*s)
	}
	plain := folder.Size{Width: defaultSide, Height: defaultSide}
	return cmp.Or(own.Size, plain)
}

// checkSize refuses what the model was not made for; the bot would take the nearest size and say so.
func (o *drawRequest) checkSize() error {
	asked := folder.Size{Width: o.spec.Width, Height: o.spec.Height}
	sizes := availableSizes(o.folder)
	if m := o.folder.Config.SizeMultiple; len(sizes) == 0 && (asked.Width%m != 0 || asked.Height%m != 0) {
		return fmt.Errorf("size %dx%d: the model %s paints sides that are multiples of %d", asked.Width, asked.Height, o.folder.Name, m)
	}
	if len(sizes) == 0 || slices.Contains(sizes, asked) {
		return nil
	}
	var all []string
	for _, s := range sizes {
		all = append(all, fmt.Sprintf("%dx%d", s.Width, s.Height))
	}
	return fmt.Errorf("size %dx%d: the model %s paints %s", asked.Width, asked.Height, o.folder.Name, strings.Join(all, ", "))
}

// fitSteps takes the number of steps that a sampler has, where it has its own. Another one that was asked for is refused.
func (o *drawRequest) fitSteps() {
	if m, err := sampler.Find(sampler.Dialect(o.spec.Dialect), o.spec.Sampler); err == nil {
		o.spec.Steps = m.NearestSteps(o.spec.Steps)
	}
}

func (o *drawRequest) checkSampler() error {
	_, err := sampler.Find(sampler.Dialect(o.spec.Dialect), o.spec.Sampler)
	return err
}

// readInputs reads the start picture and its mask.
func (o *drawRequest) readInputs() error {
	d := o.settings
	if d.Init == "" {
		if d.Strength != nil || d.Mask != "" {
			return errors.New("--strength and --mask go with --init: name the picture to start from")
		}
		return nil
	}
	if !o.folder.Config.CanEncode {
		return fmt.Errorf("--init: the model %s has no vae_encoder, so it cannot start from a picture", o.folder.Name)
	}
	in, err := o.readInput("--init", d.Init)
	if err != nil {
		return err
	}
	o.spec.Init.Picture = in
	if d.Mask == "" {
		return nil
	}
	mask, err := o.readInput("--mask", d.Mask)
	o.spec.Init.Mask = &mask
	return err
}

// read takes an input picture in, made safe.
func (o *drawRequest) readInput(flag, path string) (picture.Input, error) {
	data, err := readBounded(path, maxInputBytes)
	if err != nil {
		return picture.Input{}, fmt.Errorf("%s: %w", flag, err)
	}
	clean, err := encode.Clean(data, maxInputPixels, 0)
	if err != nil {
		return picture.Input{}, fmt.Errorf("%s %s: %w", flag, path, err)
	}
	o.inputs[clean.SHA256] = clean.PNG
	return picture.Input{SHA256: clean.SHA256, Width: clean.Width, Height: clean.Height}, nil
}

func (o *drawRequest) input(_ context.Context, sha string) ([]byte, error) {
	data, ok := o.inputs[sha]
	if !ok {
		return nil, fmt.Errorf("no picture with the SHA-256 %s was read", sha)
	}
	return data, nil
}

// readLatents reads the starting noise.
func (o *drawRequest) readLatents() error {
	path := o.settings.Latents
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("--latents: %w", err)
	}
	defer f.Close() // read only
	t, err := tensor.ReadNPY(f)
	if err != nil {
		return fmt.Errorf("--latents %s: %w", path, err)
	}
	c := o.folder.Config
	h, w := o.spec.Height/c.PixelsPerLatent, o.spec.Width/c.PixelsPerLatent
	if s := t.Shape; len(s) != 4 || s[0] != 1 && s[0] != o.settings.Count || !slices.Equal(s[1:], []int{c.LatentChannels, h, w}) {
		return fmt.Errorf("--latents %s: shape %v, want [1 or %d, %d, %d, %d]", path, s, o.settings.Count, c.LatentChannels, h, w)
	}
	if !t.Finite() {
		return fmt.Errorf("--latents %s: some values are no finite numbers", path)
	}
	o.latents = &t
	return nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: larger than %d MiB", path, limit>>20)
	}
	return data, err
}

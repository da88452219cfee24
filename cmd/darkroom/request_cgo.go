//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render/encode"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// Limits of what is read for a picture.
const (
	maxInputBytes  = 64 << 20
	maxInputPixels = 64_000_000
)

// drawRequest is what was asked for at the shell, and what comes of it.
type drawRequest struct {
	settings config.Draw
	folder   *folder.Model
	log      *slog.Logger         // of wildcards that cannot be read
	seed     int64                // of a request that names none
	addons   []request.AddonCard  // that there are
	unusable []unusableFile       // add-ons that are here and cannot be used
	tiles    []request.Wanted     // the words of the further pictures, if they differ
	prompts  []picture.TilePrompt // what each picture shows, if that differs
	spec     picture.Spec
	notes    []string          // what was changed about the request, a sentence each
	inputs   map[string][]byte // by SHA-256
	start    encode.CleanImage // the start picture, if there is one
	latents  *tensor.Tensor    // the latents to start from, if there are any
}

// unreadInput is the SHA-256 of an input picture that was not read yet, so that the rest of a Spec can be checked
// before.
var unreadInput = strings.Repeat("0", 64) //nolint:gochecknoglobals // a constant; Go has no constant calls

// wanted is what was asked for in the words of /imagine.
func (o *drawRequest) wanted() request.Wanted {
	d, one := o.settings, 1
	w := request.Wanted{
		Prompt: d.Prompt, Negative: d.Negative, Seed: d.Seed, Steps: d.Steps, GuidanceScale: d.Cfg, Count: &one,
		Sampler: given(d.Sampler), Notation: given(d.Notation), Emphasis: given(d.Emphasis), Tiling: given(d.Tile),
	}
	w.Addons, w.VAE, w.Hires = d.Lora, given(d.VAE), given(d.Hires)
	if d.Size != nil {
		w.Size = given(request.Size(*d.Size).String())
	}
	if d.Init != "" && o.folder.Config.CanEncode { // readInputs tells where it cannot
		w.Init = &request.Attachment{Name: d.Init, Width: o.start.Width, Height: o.start.Height}
		w.Strength, w.Resize = d.Strength, given(d.Fit)
	}
	return w
}

// given is a setting's value, nil for the zero value, which stands for none.
func given[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// expand makes the choices that the words leave open, by the seed. Words that make several prompts are refused.
func (o *drawRequest) expand(ctx context.Context) error {
	d := &o.settings
	rows, err := request.Expand(ctx, o.wanted(), o.seed, d.Count, wildcardFolder(d.Wildcards, o.log), maxPrompts)
	if err != nil {
		return expansionError(err, d.Wildcards)
	}
	if len(rows) > 1 {
		return fmt.Errorf("the braces or --repeat make %d prompts, and draw takes one: "+
			"write {a|b} to choose, or \\{ for a plain brace", len(rows))
	}
	d.Prompt, d.Negative, o.tiles = rows[0].Prompt, rows[0].Negative, rows[0].Tiles
	return nil
}

// resolve turns the settings into a Spec, or tells all that is wrong with them. Defaults and the flags in the prompt
// are resolved as for /imagine. Flags of the command line are taken as they are, or refused.
func (o *drawRequest) resolve(ctx context.Context) error {
	d := o.settings
	card, cardErr := o.card()
	startErr := o.readStart(ctx)
	resolved, refusal := request.ResolveExact(o.wanted(), o.available(card), o.seed)
	if refusal != nil {
		return errors.Join(cardErr, refusal)
	}
	o.spec, o.notes = resolved.Spec, resolved.NoteTexts()
	o.spec.Eta, o.spec.Rescale = d.Eta, d.Rescale
	o.spec.SeedDelta, o.spec.SeedSize = d.SeedDelta, (*picture.Size)(d.SeedSize)
	if d.ClipSkip > 1 { // 1 is what a Spec takes that says nothing
		o.spec.ClipSkip = d.ClipSkip
	}
	if err := errors.Join(o.resolveTiles(card), o.resolveUpscale(resolved.Card, o.available(card))); err != nil {
		return errors.Join(cardErr, err)
	}
	mode := ""
	if init := resolved.PendingInit; init != nil {
		mode = init.Resize
		o.spec.Init = &picture.Init{Picture: picture.Input{SHA256: unreadInput}, Strength: init.Strength}
	}
	prompt.SettleVersion(&o.spec)
	specErr := o.spec.Validate()
	faults := []error{cardErr, o.checkSize(card), o.checkSampler(), specErr, startErr}
	if specErr != nil {
		mode = "" // the size may be of any number of pixels
	}
	if startErr == nil && o.spec.Init != nil {
		faults = append(faults, o.placeInputs(ctx, mode))
	}
	return errors.Join(append(faults, o.readLatents())...)
}

// available is what the request is resolved with.
func (o *drawRequest) available(card request.Card) request.Available {
	return request.Available{Models: []request.Card{card}, Addons: o.addons}
}

// resolveTiles settles what the further pictures show, where choices gave them words of their own.
func (o *drawRequest) resolveTiles(card request.Card) error {
	if len(o.tiles) == 0 {
		return nil
	}
	o.prompts = o.spec.Prompts()
	for _, own := range o.tiles {
		w := o.wanted()
		w.Prompt, w.Negative = own.Prompt, own.Negative
		resolved, refusal := request.ResolveExact(w, o.available(card), o.seed)
		if refusal != nil {
			return refusal
		}
		o.prompts = append(o.prompts, resolved.Spec.Prompts()...)
	}
	return nil
}

// part is the Spec of n pictures, the first of which is the one of that number.
func (o *drawRequest) part(first, n int) picture.Spec {
	spec := o.spec.Tile(first)
	spec.Count = n
	if len(o.prompts) > 0 {
		spec.SetPrompts(o.prompts[first : first+n])
		prompt.SettleVersion(&spec)
	}
	return spec
}

// card is the model's, with the dialect and the kind of defaults that were asked for.
func (o *drawRequest) card() (request.Card, error) {
	f := *o.folder
	if d := o.settings.Dialect; d != "" {
		f.Card.Dialect = picture.Dialect(d)
	}
	card, err := pipeline.Card(&f), error(nil)
	if o.settings.FewSteps {
		var ok bool
		if card, ok = pipeline.FewStepCard(&f); !ok {
			err = fmt.Errorf("--few-steps: the model %s names no settings for few steps; give --steps, --sampler and --cfg",
				f.Name)
		}
	}
	return card, err
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

// checkSize refuses a size that the model was not made for; /imagine takes the nearest.
func (o *drawRequest) checkSize(card request.Card) error {
	if o.settings.Size == nil {
		return nil
	}
	asked, sizes := request.Size(*o.settings.Size), card.Sizes
	if m := card.Multiple; len(sizes) == 0 && (asked.Width%m != 0 || asked.Height%m != 0) {
		return fmt.Errorf("size %dx%d: the model %s needs sides that are multiples of %d",
			asked.Width, asked.Height, card.Name, m)
	}
	if len(sizes) == 0 || slices.Contains(sizes, asked) {
		return nil
	}
	var all []string
	for _, s := range sizes {
		all = append(all, fmt.Sprintf("%dx%d", s.Width, s.Height))
	}
	return fmt.Errorf("size %dx%d: the model %s generates %s",
		asked.Width, asked.Height, card.Name, strings.Join(all, ", "))
}

func (o *drawRequest) checkSampler() error {
	_, err := sampler.Find(o.spec.Dialect, o.spec.Sampler)
	return err
}

func (o *drawRequest) input(_ context.Context, sha string) ([]byte, error) {
	data, ok := o.inputs[sha]
	if !ok {
		return nil, fmt.Errorf("no image with the SHA-256 %s was read", sha)
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
	s, one := t.Shape, []int{c.LatentChannels, h, w}
	if len(s) != 4 || s[0] != 1 && s[0] != o.settings.Count || !slices.Equal(s[1:], one) {
		return fmt.Errorf("--latents %s: shape %s, want 1 or %d, %d, %d, %d",
			path, commas(s), o.settings.Count, c.LatentChannels, h, w)
	}
	if !t.Finite() {
		return fmt.Errorf("--latents %s: some values are not finite numbers", path)
	}
	o.latents = &t
	return nil
}

// commas lists numbers.
func commas(all []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(all), "[]")), ", ")
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

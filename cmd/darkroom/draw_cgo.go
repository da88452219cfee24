//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/inventory"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/render/safety"
	"darkroom/render/tensor"
)

// draw paints from the shell. Everything that can be wrong with what was asked is found before the model is loaded.
func draw(ctx context.Context, s invocation) (err error) {
	d := s.settings.Draw
	s.noteMissingModels(d.Runtime.ModelsDir)
	chosen, err := pipeline.Directory(d.Runtime.ModelsDir).OpenWithVAE(d.Model, d.VAE, s.tellHashing())
	if err != nil {
		return err
	}
	o := drawRequest{settings: d, folder: chosen, log: s.log, seed: rand.Int64N(1 << 32), inputs: map[string][]byte{}}
	if err := o.expand(ctx); err != nil {
		return err
	}
	files, err := o.findAddons(ctx)
	if err != nil {
		return err
	}
	out, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	checkers, err := pipeline.OpenCheckers(d.Runtime.Safety)
	if err != nil {
		return err
	}
	m := promptReaderOf(chosen)
	m.dialect = o.spec.Dialect
	if err := o.tell(s.stderr, m); err != nil {
		return err
	}
	bar := newBar(s.environment, d)
	defer bar.Clear()
	bar.Say("loading the model " + chosen.Name)
	begun := time.Now()
	model, err := s.loadModel(ctx, chosen, pipeline.LoadOptions{
		Addons: files, Memory: int64(d.Runtime.Memory), Checkers: checkers,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close(), checkers.Close()) }()
	load := time.Since(begun)
	return o.render(ctx, s.environment, model, out, load, bar)
}

// loadModel loads a model on the device that the settings choose.
func (s invocation) loadModel(
	ctx context.Context, m *folder.Model, o pipeline.LoadOptions,
) (*pipeline.Pipeline, error) {
	device, err := s.openDevice(s.settings.Draw.Runtime)
	if err != nil {
		return nil, err
	}
	return pipeline.LoadWith(ctx, m, device, o)
}

// tellHashing says that a model is read for its hash, where that takes so long that somebody wonders.
func (s invocation) tellHashing() filehash.Progress {
	var read int64
	return func(bytes int64) error {
		const much = 1 << 30
		if before := read; before < much && before+bytes >= much {
			fmt.Fprintln(s.stderr, "note: hashing the model, which is done once")
		}
		read += bytes
		return nil
	}
}

// findAddons finds the add-ons beside the models. Of the large ones it hashes those only that the request may name.
func (o *drawRequest) findAddons(ctx context.Context) (pipeline.Addons, error) {
	found, err := pipeline.Directory(o.settings.Runtime.ModelsDir).Inventory(nil)
	if err != nil {
		return nil, err
	}
	w := o.wanted()
	w.Tiles = o.tiles
	found.HashNow(ctx, func(e inventory.Entry) bool {
		return e.Addon != nil && (w.MayName(*e.Addon) || o.mayEnlarge(*e.Addon))
	})
	o.addons = found.Addons()
	for _, e := range found.Entries() {
		if e.Err != nil && !e.Kind.IsModel() {
			o.unusable = append(o.unusable, unusableFile{e.Name, e.Err})
		}
	}
	for _, err := range found.Faults() {
		if f, ok := errors.AsType[inventory.Fault](err); ok {
			o.unusable = append(o.unusable, unusableFile{f.Name(), f})
		}
	}
	return pipeline.InventoryAddons{Inventory: found}, context.Cause(ctx)
}

// explain says of an add-on that was asked for and is here why it cannot be used.
func (o *drawRequest) explain(err error) error {
	no, refused := errors.AsType[*request.Refusal](err)
	if !refused {
		return err
	}
	sentence := strings.ToLower(no.Sentence.String())
	for _, f := range o.unusable {
		name := strings.ToLower(f.name)
		if strings.Contains(sentence, "“"+name+"”") || strings.Contains(sentence, "“"+name+".") {
			return fmt.Errorf("“%s” cannot be used: %w", f.name, f.err)
		}
	}
	return err
}

// unusableFile is something among the models that cannot be used, and why.
type unusableFile struct {
	name string
	err  error
}

// tell prints what was changed about the request, and what the model cannot read of its words.
func (o *drawRequest) tell(w io.Writer, m promptReader) error {
	printNotes(w, o.notes)
	texts := []string{o.spec.Prompt}
	for _, p := range o.prompts {
		texts = append(texts, p.Prompt)
	}
	slices.Sort(texts)
	if len(m.vocabulary) > 0 {
		m.vocabulary = slices.Concat(m.vocabulary, request.Available{Addons: o.addons}.AddonWords(o.spec))
	}
	texts = append(slices.Compact(texts), o.spec.Negative)
	for i, text := range texts {
		texts[i] = prompt.WithoutAddons(o.spec, text)
	}
	return hint(w, m, texts...)
}

func printNotes(w io.Writer, notes []string) {
	for _, note := range notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
}

// prepare resolves what to paint and where it goes, or tells all that is wrong in one line.
func (o *drawRequest) prepare(ctx context.Context) (output, error) {
	resolveErr := o.explain(o.resolve(ctx))
	out, err := openOutput(o.settings.Out, o.settings.Count, o.settings.Force)
	if path := o.settings.SaveLatents; path != "" {
		err = errors.Join(err, checkFileWritable("--save-latents", path))
	}
	return out, inOneLine(errors.Join(resolveErr, err))
}

// render paints all pictures, as many at once as one Spec holds.
func (o *drawRequest) render(
	ctx context.Context, s environment, e specRenderer, f output, load time.Duration, bar *terminal.Bar,
) error {
	var latents []tensor.Tensor
	short := false
	for done := 0; done < o.settings.Count; done += picture.MaxCount {
		spec := o.part(done, min(picture.MaxCount, o.settings.Count-done))
		res, err := e.Render(ctx, spec, o.renderJob(bar, done))
		bar.Clear() // what comes next is the images, or why there are none
		if err != nil {
			return err
		}
		if done == 0 {
			printNotes(s.stderr, res.Notes)
		}
		printNotes(s.stderr, res.Memory)
		for i, tile := range res.Tiles {
			name, err := o.saveImage(f, done+i, spec.Tile(i), tile)
			if err != nil {
				return err
			}
			if err := show(s, o.settings, tile.Image); err != nil {
				return err
			}
			if err := o.printImage(s.stdout, name, tile, res, load); err != nil {
				return err
			}
		}
		latents, short = append(latents, res.Latents), short || res.LowMemory
	}
	if short {
		fmt.Fprintln(s.stderr, "hint: memory was short, so parts were rendered one after another; "+
			"a smaller --size takes less.")
	}
	if o.settings.SaveLatents == "" {
		return nil
	}
	all, err := tensor.Concat(latents...)
	if err != nil {
		return err
	}
	return writeAtomically(o.settings.SaveLatents, func(w io.Writer) error { return tensor.WriteNPY(w, all) })
}

// saveImage writes image i and returns its file's name.
func (o *drawRequest) saveImage(f output, i int, spec picture.Spec, t render.Tile) (string, error) {
	data, err := encode.PNG(t.Image, encode.FormatParameters(spec, o.extra()))
	if err != nil {
		return "", err
	}
	return f.save(i, spec, data)
}

// extra is what a picture's text says besides its Spec.
func (o *drawRequest) extra() encode.Extra {
	e := encode.Extra{Version: "darkroom " + revision(), Short: request.Available{Addons: o.addons}.Short}
	if o.settings.Mask != "" {
		e.MaskBlur = max(0, o.settings.MaskBlur)
	}
	return e
}

// renderJob is what a batch needs beside its Spec.
func (o *drawRequest) renderJob(bar *terminal.Bar, done int) render.Job {
	j := render.Job{Input: o.input, Latents: o.latents}
	if o.settings.Mask != "" && o.settings.MaskBlur >= 0 {
		j.MaskBlur = &o.settings.MaskBlur
	}
	if o.latents != nil && o.latents.Batch() > 1 {
		part := o.latents.Rows(done, min(done+picture.MaxCount, o.settings.Count))
		j.Latents = &part
	}
	batches := (o.settings.Count + picture.MaxCount - 1) / picture.MaxCount
	j.Progress = func(p render.Progress) { bar.Step(done/picture.MaxCount*p.Steps+p.Step, batches*p.Steps) }
	return j
}

// drawResult is the line of --json about one picture. Seconds are those of the batch that it was painted in.
type drawResult struct {
	File    string             `json:"file"`
	Seed    int64              `json:"seed"`
	Width   int                `json:"width"`
	Height  int                `json:"height"`
	Seconds map[string]float64 `json:"seconds"`
	Safety  *safety.Verdict    `json:"safety,omitempty"` // of the safety checker, where there is one
	// DeviceBytes is the most memory that was held on the GPU; left out on the CPU.
	DeviceBytes int64 `json:"device_bytes,omitempty"`
}

// printImage prints what became of one picture.
func (o *drawRequest) printImage(
	w io.Writer, file string, t render.Tile, of *render.Result, load time.Duration,
) error {
	if !o.settings.JSON {
		_, err := fmt.Fprintln(w, file)
		return err
	}
	size := t.Image.Bounds().Size()
	seconds := map[string]float64{"load": float64(load.Milliseconds()) / 1000}
	for stage, ms := range of.Millis {
		seconds[stage] = float64(ms) / 1000
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(drawResult{
		File: file, Seed: t.Seed, Width: size.X, Height: size.Y, Seconds: seconds, Safety: t.Safety,
		DeviceBytes: of.DeviceBytes,
	})
}

// specRenderer renders a Spec; *pipeline.Pipeline is one.
type specRenderer interface {
	Render(ctx context.Context, spec picture.Spec, job render.Job) (*render.Result, error)
}

// Package pipeline turns a model folder into a renderer: it checks everything that can be checked without loading the
// model, and connects a loaded one.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"darkroom/render"
	"darkroom/render/clip"
	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Open checks a model folder: its networks as folder.Open does, its tokenizer, its noise schedule and its card.
// The error names the folder. Nothing is loaded.
func Open(dir string, options ...folder.Option) (*folder.Model, error) {
	f, err := openModelFiles(dir, options...)
	if err != nil {
		return nil, err
	}
	_, err = Tokenizers(f)
	if err = errors.Join(err, Config(f.Config).Sampler.Check(), checkCard(f)); err != nil {
		return nil, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	return f, nil
}

// Tokenizers opens a model's tokenizers, one for each text encoder; CLIP's own for a file that brings none. Later ones
// share the first one's vocabulary where they can.
func Tokenizers(f *folder.Model) ([]*clip.Tokenizer, error) {
	if f.FromCheckpoint() && !f.HasTokenizers() {
		return builtInTokenizers(f)
	}
	var all []*clip.Tokenizer
	for i, part := range f.Config.Family.Tokenizers() {
		t, err := tokenizer(f, part)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			t.Share(all[0])
		}
		all = append(all, t)
	}
	return all, nil
}

// tokenizer opens one of a folder's tokenizers and checks that its chunks are as long as the text encoders read.
func tokenizer(f *folder.Model, part string) (*clip.Tokenizer, error) {
	first, err := clip.OpenTokenizer(os.DirFS(filepath.Join(f.Dir, part)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	if first.Length != f.Config.TextLength {
		return nil, fmt.Errorf(
			"%s makes chunks of %d tokens, want %d as the text encoder reads", part, first.Length, f.Config.TextLength,
		)
	}
	return first, nil
}

// splitEncoder gives each of several text encoders the ids that its own tokenizer made. A row holds them all, one
// after the other.
type splitEncoder struct {
	*onnx.Model
	encoders int
}

// EncodeText implements render.TextEncoder.
func (e splitEncoder) EncodeText(ctx context.Context, ids [][]int32, skip int) (render.TextEncoding, error) {
	each := make([][][]int32, e.encoders)
	for _, row := range ids {
		length := len(row) / e.encoders
		for i := range each {
			each[i] = append(each[i], row[i*length:(i+1)*length])
		}
	}
	return e.EncodeEach(ctx, each, skip)
}

// checkCard checks that the model can generate what its card recommends.
func checkCard(f *folder.Model) error {
	path := filepath.Join(f.Dir, folder.CardFile)
	errs := []error{checkDefaults(f, path+": ", f.Card.Defaults), checkDefaults(f, path+": few_steps: ", f.Card.FewSteps)}
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(path+": "+format, a...)) }
	if err := checkCardTexts(f.Card); err != nil {
		bad("%w", err)
	}
	if own := Dialect(f); own != picture.Diffusers && own != picture.A1111 {
		bad("dialect %q, want %q or %q", own, picture.Diffusers, picture.A1111)
	}
	if o := f.Card.Outpaint; !(o.Strength >= 0 && o.Strength <= 1) || !(o.GuidanceScale >= 0) {
		bad("outpaint: strength %v and guidance %v, want 0 to 1 and 0 or more", o.Strength, o.GuidanceScale)
	}
	for _, s := range append(slices.Clone(f.Card.Sizes), f.Card.Defaults.Size, f.Card.FewSteps.Size) {
		if m := f.Config.SizeMultiple; s.Width%m != 0 || s.Height%m != 0 {
			bad("size %d×%d, want multiples of %d for this UNet", s.Width, s.Height, m)
		}
	}
	return errors.Join(errs...)
}

// checkDefaults checks that the model can follow settings of its card. Errors begin with at.
func checkDefaults(f *folder.Model, at string, d folder.Defaults) error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(at+format, a...)) }
	if most := min(picture.MaxSteps, f.Config.TrainSteps-1); d.Steps < 0 || d.Steps > most {
		bad("%d steps, want 1 to %d", d.Steps, most)
	}
	if d.GuidanceScale < 0 || math.IsInf(d.GuidanceScale, 0) {
		bad("guidance %v, want 0 or more", d.GuidanceScale)
	}
	if !(d.Strength >= 0 && d.Strength <= 1) {
		bad("strength %v, want 0 to 1", d.Strength)
	}
	if known := Samplers(f); d.Sampler != "" && !slices.Contains(known, d.Sampler) {
		bad("sampler %q, want one of %q", d.Sampler, known)
	}
	return errors.Join(errs...)
}

// Config translates a folder's configuration for the renderer.
func Config(c folder.Config) render.Config {
	return render.Config{
		Kind: c.Kind,
		Sampler: sampler.Config{
			TrainSteps: c.TrainSteps, BetaStart: c.BetaStart, BetaEnd: c.BetaEnd, BetaSchedule: c.BetaSchedule,
			Prediction: sampler.Prediction(c.Prediction), Spacing: c.TimestepSpacing, StepsOffset: c.StepsOffset,
			SetAlphaToOne: c.SetAlphaToOne, ZeroSNR: c.ZeroSNR, AlignedSteps: c.AlignedSteps(),
			RungeKutta: !c.SkipPRK, OriginalSteps: c.OriginalSteps, Img2ImgTakesAllSteps: family.LCMPipeline(c.Pipeline),
		},
		ScalingFactor: c.ScalingFactor, Channels: c.LatentChannels, PixelsPerLatent: c.PixelsPerLatent,
		MaxChunks:    c.MaxChunks,
		SizeMultiple: c.SizeMultiple, FixedSize: c.FixedSize != folder.Size{},
		SkippableLayers: c.SkippableLayers, ZerosForEmptyPrompt: c.ZerosForEmptyPrompt,
	}
}

// Pipeline is one loaded model, ready to generate images.
type Pipeline struct {
	*render.Renderer
	Folder    *folder.Model
	Model     *onnx.Model
	upscalers *upscalers
	checker   *onnx.Network // of the model's own safety checker; nil for none
}

// LoadOptions are what a model is loaded with besides its own files. The zero value is nothing.
type LoadOptions struct {
	Addons   Addons    // that it may render with; nil for none
	Checkers *Checkers // that look at its images; nil for none
	Memory   int64     // that the loaded models may hold together, in bytes: see PoolOptions

	makeRoom func() bool // frees other models: see render.Parts; nil if there are none
}

// Load is LoadWith with add-ons, or without any for nil.
func Load(ctx context.Context, f *folder.Model, device onnx.Device, files Addons) (*Pipeline, error) {
	return LoadWith(ctx, f, device, LoadOptions{Addons: files})
}

// LoadWith loads a model's networks on a device. onnx.Open must have been called. The error names the model.
func LoadWith(ctx context.Context, f *folder.Model, device onnx.Device, o LoadOptions) (*Pipeline, error) {
	model, err := onnx.Load(ctx, f, device)
	if err != nil {
		return nil, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	parts, err := Parts(model)
	if err != nil {
		return nil, errors.Join(err, model.Close())
	}
	checker, own, err := o.Checkers.load(f, device)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model folder %s: %w", f.Dir, err), model.Close())
	}
	addChecker(&parts, checker, device)
	enlarging := &upscalers{own: f.Upscaler, files: o.Addons, device: device}
	parts.Upscaler = enlarging.open
	parts.Extend, parts.MakeRoom = newExtender(model, parts, o.Addons).extend, o.makeRoom
	renderer, err := render.New(parts, rendererOptions(device, cmp.Or(o.Memory, defaultBudget(device))))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model folder %s: %w", f.Dir, err), model.Close(), own.Close())
	}
	return &Pipeline{Renderer: renderer, Folder: f, Model: model, upscalers: enlarging, checker: own}, nil
}

// rendererOptions says how much a device takes at once. A GPU gets four images of 1024×1024 with and without their
// prompts, which is faster; when memory runs out, the renderer splits the batch. A run of an upscaler takes a quarter
// of what the models may hold, if that is known, and no more than the renderer's own default.
func rendererOptions(d onnx.Device, memory int64) render.Options {
	var o render.Options
	if memory > 0 {
		o.UpscaleMemory = min(memory/4, 1<<30)
	}
	if d.Kind != onnx.CPU {
		o.BatchPixels = 4 * 1024 * 1024
	}
	return o
}

// Parts returns the parts of a renderer: a loaded folder's networks, and its tokenizers. The error names the folder.
func Parts(model *onnx.Model) (render.Parts, error) {
	f := model.Folder
	words, err := Tokenizers(f)
	if err != nil {
		return render.Parts{}, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	parts := render.Parts{Text: model, Unet: model, Decoder: model, Tokenizers: words, Config: Config(f.Config)}
	if len(words) > 1 {
		parts.Text = splitEncoder{model, len(words)}
	}
	if f.VAE != nil {
		parts.VAE = f.VAE.Ref.Hash
	}
	if f.Config.CanEncode {
		parts.Encoder = model
	}
	if tiny := model.TinyDecoder(); tiny != nil {
		parts.PreviewDecoder = tiny
	}
	if f.Config.SupportsSeamless {
		parts.Seamless = seamless(model)
	}
	if model.Device.OwnMemory() {
		parts.Memory = model
	}
	return parts, nil
}

// seamless loads a model's seamless networks.
func seamless(model *onnx.Model) func(ctx context.Context) (render.SeamlessNetworks, error) {
	return func(ctx context.Context) (render.SeamlessNetworks, error) {
		all, err := model.Seamless(ctx)
		networks := render.SeamlessNetworks{Unet: all, Decoder: all}
		if model.Folder.Config.CanEncode {
			networks.Encoder = all
		}
		return networks, err
	}
}

// Close frees the model's memory.
func (e *Pipeline) Close() error {
	return errors.Join(e.upscalers.Close(), e.Model.Close(), e.checker.Close())
}

// Package pipeline stands between a model folder and the renderer: it checks all of a folder that can be checked without
// loading it, and makes a loaded one ready to paint.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render"
	"darkroom/render/clip"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Open checks a model folder: its networks as onnx.OpenFolder does, its tokenizer, its noise schedule and its card.
// The error names the folder. Nothing is loaded.
func Open(dir string, options ...onnx.Option) (*onnx.Folder, error) {
	f, err := onnx.OpenFolder(dir, options...)
	if err != nil {
		return nil, err
	}
	_, _, err = tokenizers(f)
	if err = errors.Join(err, Config(f.Config).Sampler.Check(), checkCard(f)); err != nil {
		return nil, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	return f, nil
}

// tokenizers opens a folder's tokenizer, and SDXL's second.
func tokenizers(f *onnx.Folder) (first, second *clip.Tokenizer, err error) {
	if first, err = tokenizer(f, "tokenizer"); err != nil || f.Config.Family != onnx.SDXL {
		return first, nil, err
	}
	if second, err = tokenizer(f, onnx.SecondTokenizer); err != nil {
		return nil, nil, err
	}
	second.Share(first)
	return first, second, nil
}

// tokenizer opens one of a folder's tokenizers and sees that its chunks are as long as the text encoders read.
func tokenizer(f *onnx.Folder, part string) (*clip.Tokenizer, error) {
	first, err := clip.OpenTokenizer(os.DirFS(filepath.Join(f.Dir, part)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	if first.Length != f.Config.TextLength {
		return nil, fmt.Errorf("%s makes chunks of %d tokens, want %d as the text encoder reads", part, first.Length, f.Config.TextLength)
	}
	return first, nil
}

// reader gives each of SDXL's text encoders the ids that its own tokenizer made.
type pairEncoder struct{ *onnx.Model }

// EncodeText implements render.TextEncoder.
func (r pairEncoder) EncodeText(ctx context.Context, ids [][]int32, skip int) (render.TextEncoding, error) {
	first, second := make([][]int32, len(ids)), make([][]int32, len(ids))
	for i, row := range ids {
		first[i], second[i] = row[:len(row)/2], row[len(row)/2:]
	}
	return r.EncodePair(ctx, first, second, skip)
}

// checkCard sees that what the card recommends can be painted.
func checkCard(f *onnx.Folder) error {
	path := filepath.Join(f.Dir, onnx.CardFile)
	errs := []error{checkDefaults(f, path+": ", f.Card.Defaults), checkDefaults(f, path+": few_steps: ", f.Card.FewSteps)}
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(path+": "+format, a...)) }
	if own := Dialect(f); own != picture.Diffusers && own != picture.A1111 {
		bad("dialect %q, want %q or %q", own, picture.Diffusers, picture.A1111)
	}
	for _, s := range append(slices.Clone(f.Card.Sizes), f.Card.Defaults.Size, f.Card.FewSteps.Size) {
		if m := f.Config.SizeMultiple; s.Width%m != 0 || s.Height%m != 0 {
			bad("size %d×%d, want multiples of %d for this UNet", s.Width, s.Height, m)
		}
	}
	return errors.Join(errs...)
}

// checkDefaults sees that settings of a card can be painted with. Errors begin with at.
func checkDefaults(f *onnx.Folder, at string, d onnx.Defaults) error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(at+format, a...)) }
	if most := min(picture.MaxSteps, f.Config.TrainSteps-1); d.Steps < 0 || d.Steps > most {
		bad("%d steps, want 1 to %d", d.Steps, most)
	}
	if d.GuidanceScale < 0 || math.IsInf(d.GuidanceScale, 0) {
		bad("guidance %v, want 0 or more", d.GuidanceScale)
	}
	if known := Samplers(f); d.Sampler != "" && !slices.Contains(known, d.Sampler) {
		bad("sampler %q, want one of %q", d.Sampler, known)
	}
	return errors.Join(errs...)
}

// Config says what a folder's configuration means to the renderer.
func Config(c onnx.Config) render.Config {
	return render.Config{
		Sampler: sampler.Config{
			TrainSteps: c.TrainSteps, BetaStart: c.BetaStart, BetaEnd: c.BetaEnd, BetaSchedule: c.BetaSchedule,
			Prediction: sampler.Prediction(c.Prediction), Spacing: c.TimestepSpacing, StepsOffset: c.StepsOffset,
			SetAlphaToOne: c.SetAlphaToOne, ZeroSNR: c.RescaleZeroSNR, SDXL: c.Family == onnx.SDXL,
			RungeKutta: !c.SkipPRK, OriginalSteps: c.OriginalSteps, Img2ImgTakesAllSteps: strings.Contains(c.Pipeline, "LatentConsistency"),
		},
		ScalingFactor: c.ScalingFactor, Channels: c.LatentChannels, PixelsPerLatent: c.PixelsPerLatent, MaxChunks: c.MaxChunks,
		SizeMultiple: c.SizeMultiple, FixedSize: c.FixedSize != onnx.Size{},
		SkippableLayers: c.SkippableLayers, PenultimateLayer: c.Family != onnx.SD1, PooledConditioning: c.Family == onnx.SDXL, ZerosForEmptyPrompt: c.ZerosForEmptyPrompt,
		GuidanceWidth: c.GuidanceWidth, Distilled: c.Distilled, Inpaint: c.Inpaint,
	}
}

// Easel is one loaded model, ready to paint.
type Pipeline struct {
	*render.Renderer
	Folder *onnx.Folder
	Model  *onnx.Model
}

// Load loads a folder's networks on a device. onnx.Open must have been called. The error names the folder.
func Load(ctx context.Context, f *onnx.Folder, device onnx.Device) (*Pipeline, error) {
	model, err := onnx.Load(ctx, f, device)
	if err != nil {
		return nil, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	parts, err := Parts(model)
	if err != nil {
		return nil, errors.Join(err, model.Close())
	}
	renderer, err := render.New(parts, Options(device))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model folder %s: %w", f.Dir, err), model.Close())
	}
	return &Pipeline{Renderer: renderer, Folder: f, Model: model}, nil
}

// Options says how much a device takes at once. A GPU is given four pictures of 1024×1024 with and without their prompts:
// it gains by that, and memory that is short is found out and answered by smaller runs.
func Options(d onnx.Device) render.Options {
	if d.Kind == onnx.CPU {
		return render.Options{}
	}
	return render.Options{BatchPixels: 4 * 1024 * 1024}
}

// Parts returns what a renderer is made of: a loaded folder's networks, and its tokenizer. The error names the folder.
func Parts(model *onnx.Model) (render.Parts, error) {
	f := model.Folder
	first, second, err := tokenizers(f)
	if err != nil {
		return render.Parts{}, fmt.Errorf("model folder %s: %w", f.Dir, err)
	}
	parts := render.Parts{Text: model, Unet: model, Decoder: model, Tokenizer: first, SecondTokenizer: second, Config: Config(f.Config)}
	if second != nil {
		parts.Text = pairEncoder{model}
	}
	if f.Config.CanEncode {
		parts.Encoder = model
	}
	if tiny := model.TinyDecoder(); tiny != nil {
		parts.PreviewDecoder = tiny
	}
	if f.Config.SupportsSeamless {
		parts.Seamless = func(ctx context.Context) (render.SeamlessNetworks, error) {
			all, err := model.Seamless(ctx)
			networks := render.SeamlessNetworks{Unet: all, Decoder: all}
			if f.Config.CanEncode {
				networks.Encoder = all
			}
			return networks, err
		}
	}
	return parts, nil
}

// Close frees the model's memory.
func (e *Pipeline) Close() error { return e.Model.Close() }

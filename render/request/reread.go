package request

import (
	"darkroom/render/encode"
	"darkroom/render/picture"
)

// Reread resolves what the text in an image says about how it was made, of this program or another. What it does not
// say is the model's default. Files are found by the hashes in it, or else by their names. The Spec may not be valid:
// the text says neither the size of an init image nor of its mask. There must be a model.
func Reread(p encode.Parameters, available Available) (Resolved, *Refusal) {
	res, refusal := ResolveExact(rereadWanted(p), available, max(p.Seed, 0))
	if refusal != nil {
		return Resolved{}, refusal
	}
	s := &res.Spec
	if p.Dialect != "" {
		s.Dialect = p.Dialect
	}
	if p.Notation == "" {
		s.Notation = picture.NotationA1111
	}
	s.ClipSkip, s.Eta, s.Rescale, s.SeedDelta, s.SeedSize = p.ClipSkip, p.Eta, p.Rescale, p.SeedDelta, p.SeedSize
	s.Stop = p.Stop
	s.Variations, s.Init, s.Hires, s.Upscale, s.Upscaler = p.Variations, p.Init, p.Hires, p.Upscale, p.Upscaler
	if p.Reading == picture.ReadingV2 {
		s.Version = picture.PlainVersion
	}
	res.SettleVersion()
	return res, nil
}

// rereadWanted is what the text says, in the words of a request.
func rereadWanted(p encode.Parameters) Wanted {
	one := 1
	w := Wanted{Prompt: p.Prompt, Negative: &p.Negative, Count: &one, Hashes: p.Addons}
	if p.Steps > 0 {
		w.Steps = &p.Steps
	}
	if _, said := p.Field("CFG scale"); said {
		w.GuidanceScale = &p.GuidanceScale
	}
	if p.Sampler != "" {
		w.Sampler = &p.Sampler
	}
	if p.Width > 0 && p.Height > 0 {
		w.Size = new(Size{Width: p.Width, Height: p.Height}.String())
	}
	if p.Model.Name != "" {
		w.Model = new(p.Model.Name + hashMark + p.Model.Hash)
	}
	if p.Dialect != "" { // this program would have said which
		w.VAE = &ownVAE[0]
	}
	if p.VAE != nil {
		w.VAE = new(p.VAE.Name + hashMark + p.VAE.Hash)
	}
	if p.Notation != "" {
		w.Notation = new(string(p.Notation))
	}
	if p.Emphasis != "" {
		w.Emphasis = new(string(p.Emphasis))
	}
	if p.Tiling {
		w.Tiling = &p.Tiling
	}
	return w
}

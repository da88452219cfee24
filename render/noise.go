package render

import (
	"darkroom/render/noise"
	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

func (s pass) shape(channels int) []int { return []int{1, channels, s.height, s.width} }

// drawnNoise is what a group of tiles draws before its first step: standard normal numbers [tiles, c, h, w].
type drawnNoise struct {
	noise                  tensor.Tensor // the starting noise
	initImage, maskedImage tensor.Tensor // empty where nothing is drawn: see latentDraws
}

// noiseSources opens a source for each tile of a group and draws its starting noise. In the hires pass the sources are
// opened again, as A1111 does for its hires fix. The returned sources draw the noise of the steps.
func (p *run) noiseSources(pass pass, first, last int) ([]noise.Source, drawnNoise) {
	open := noiseSource(p.spec.Dialect)
	shape := pass.shape(p.parts.Config.Channels)
	sources := make([]noise.Source, last-first)
	batch := func(wanted bool) tensor.Tensor {
		if !wanted {
			return tensor.Tensor{}
		}
		return tensor.New(last-first, shape[1], shape[2], shape[3])
	}
	out := drawnNoise{batch(true), batch(pass.draws.initImage), batch(pass.draws.maskedImage)}
	latents := p.job.Latents
	for i := range sources {
		tile := p.spec.Tile(first + i)
		sources[i] = open(tile.Seed)
		if pass.draws.initImage {
			sources[i].Fill(out.initImage.Row(i).Data)
		}
		if latents != nil && latents.Shape[2] == pass.height && latents.Shape[3] == pass.width {
			copy(out.noise.Row(i).Data, latentsOfTiles(latents, first, last).Row(i).Data)
		} else {
			copy(out.noise.Row(i).Data, noise.Start(sources[i], open, tile.Seed, p.startOptions(tile), shape...).Data)
		}
		if pass.draws.maskedImage {
			sources[i].Fill(out.maskedImage.Row(i).Data)
		}
		sources[i] = noise.StepSource(sources[i], open, tile.Seed, p.spec.SeedDelta)
	}
	return sources, out
}

// brownianPath opens a Brownian path for each tile of a group, by the tile's seed.
func (p *run) brownianPath(pass pass, first, last int, low, high float64) sampler.BrownianPath {
	shape := pass.shape(p.parts.Config.Channels)
	paths := make([]*noise.Brownian, last-first)
	for i := range paths {
		paths[i] = noise.NewBrownian(
			p.spec.Tile(first+i).Seed, shape[1]*shape[2]*shape[3], low, high, noiseSource(p.spec.Dialect),
		)
	}
	return func(from, to float64) tensor.Tensor {
		batch := tensor.New(len(paths), shape[1], shape[2], shape[3])
		for i, b := range paths {
			b.Fill(batch.Row(i).Data, from, to)
		}
		return batch
	}
}

// noiseSource opens the random generator of a dialect: torch's on the CPU for diffusers, and for A1111 that of its
// users' graphics cards, which its "NV" source reproduces.
func noiseSource(d picture.Dialect) func(seed int64) noise.Source {
	if d == picture.A1111 {
		return func(seed int64) noise.Source { return noise.NewPhilox(seed) }
	}
	return func(seed int64) noise.Source { return noise.NewTorch(seed) }
}

// startOptions is what decides a tile's starting noise besides its seed.
func (p *run) startOptions(tile picture.Spec) noise.StartOptions {
	var b noise.StartOptions
	for _, v := range tile.Variations {
		b.Variations = append(b.Variations, noise.Variation(v))
	}
	if size := tile.SeedSize; size != nil {
		b.Height, b.Width = size.Height/p.parts.Config.PixelsPerLatent, size.Width/p.parts.Config.PixelsPerLatent
	}
	return b
}

// drawAll draws the next noise of each tile from its own source.
func drawAll(sources []noise.Source, shape []int) tensor.Tensor {
	batch := tensor.New(len(sources), shape[1], shape[2], shape[3])
	for i, s := range sources {
		s.Fill(batch.Row(i).Data)
	}
	return batch
}

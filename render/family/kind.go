package family

import (
	"slices"

	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// Kind is what kind of model a folder holds: its family, and how it departs from that. The zero Kind is Stable
// Diffusion 1.
type Kind struct {
	Family       *Family
	Distillation *Distillation // nil for a model that takes the usual number of steps
	Extra        *ExtraInput   // nil for a UNet that reads latents alone
	// GuidanceWidth is how many numbers the UNet takes the guidance scale in (LCM's timestep_cond), so that nothing is
	// guided from outside. 0 for a UNet that does not take it.
	GuidanceWidth int
}

func (k Kind) family() *Family {
	if k.Family == nil {
		return SD1
	}
	return k.Family
}

// Consistency says that the model is a consistency model, for the samplers lcm and tcd.
func (k Kind) Consistency() bool { return k.Distillation != nil && k.Distillation.Consistency }

// GuidesItself says that the UNet takes the guidance scale as an input and needs no negative prompt.
func (k Kind) GuidesItself() bool { return k.GuidanceWidth > 0 }

// Conditioning adds to hidden states and pooled vectors what else the UNet reads: for an image of height × width pixels
// at a guidance scale. The first rows, so many of them, are those of a negative prompt.
func (k Kind) Conditioning(
	text tensor.TextEncoding, negatives, height, width int, scale float64,
) tensor.Conditioning {
	c, rows := tensor.Conditioning{Hidden: text.Hidden, Pooled: text.Pooled}, text.Hidden.Batch()
	if of := k.family().TimeIDs; of != nil {
		ids := slices.Concat(
			slices.Repeat(of(height, width, true), negatives), slices.Repeat(of(height, width, false), rows-negatives),
		)
		c.TimeIDs = tensor.Tensor{Shape: []int{rows, len(ids) / rows}, Data: ids}
	}
	if k.GuidanceWidth > 0 {
		c.Guidance = tensor.Repeat(GuidanceEmbedding(scale, k.GuidanceWidth), rows)
	}
	return c
}

// FollowsClipSkip says whether a dialect reads another layer of the text encoder when a clip skip is asked for.
func (k Kind) FollowsClipSkip(d picture.Dialect) bool {
	return d != picture.A1111 || !k.family().FixedClipSkip
}

// ZerosForEmptyNegative says whether hidden states of zeros stand for an empty negative prompt in a dialect. byFolder
// is what the folder says.
func (k Kind) ZerosForEmptyNegative(d picture.Dialect, byFolder bool) bool {
	return k.family().ZerosForEmptyNegative && (byFolder || d == picture.A1111)
}

// AlignedSteps is the family's table of Align Your Steps.
func (k Kind) AlignedSteps() sampler.AlignedSteps { return k.family().AlignedSteps }

// InpaintKeepsRungeKutta is the family's.
func (k Kind) InpaintKeepsRungeKutta() bool { return k.family().InpaintKeepsRungeKutta }

// Defaults are the settings that suit the kind.
func (k Kind) Defaults() Defaults {
	if k.Distillation != nil {
		return k.Distillation.Defaults
	}
	return k.family().Defaults
}

// Describe names the kind for people: the family, and the ways in which the model departs from it.
func (k Kind) Describe() (family string, departures []string) {
	if k.Distillation != nil {
		departures = append(departures, k.Distillation.Name)
	}
	if k.Extra != nil {
		departures = append(departures, k.Extra.Name)
	}
	return k.family().Name, departures
}

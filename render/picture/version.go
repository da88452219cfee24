package picture

import "slices"

// FieldsVersion returns the lowest version that has all fields of the Spec that are used. How its prompts are read may
// need a later one: prompt.SettleVersion decides.
func (s Spec) FieldsVersion() int {
	switch {
	case s.Schedule != nil:
		return 4
	case s.usesVersion3():
		return 3
	case s.usesVersion2():
		return 2
	}
	return 1
}

func (s Spec) usesVersion2() bool {
	return s.Notation != NotationA1111 || s.Emphasis != "" || s.Eta != nil || s.Rescale != 0 || s.SeedDelta != 0 ||
		s.SeedSize != nil || s.Tiling || s.Init != nil && s.Init.Placement != nil
}

func (s Spec) usesVersion3() bool {
	return len(s.Tiles) > 0 || s.VAE != nil || s.Prediction != "" || s.ZeroSNR || s.Upscaler != nil || s.Upscale != nil ||
		s.Stop != 0 ||
		s.Init != nil && s.Init.Window != nil ||
		slices.ContainsFunc(s.Addons, func(a Addon) bool { return a.TextStrength != nil })
}

// ReadingVersion is the first version whose prompts are read with Python's classes of characters.
const ReadingVersion = 3

// Reading names how the notations of the prompts are read; see render/prompt.
type Reading string

// ReadingV2 is that of versions 1 and 2, in a later version. An image keeps it when a button gives it a field that
// those versions do not have.
const ReadingV2 Reading = "v2"

// Prediction names what a UNet predicts, as diffusers' schedulers name it in prediction_type.
type Prediction string

// The predictions.
const (
	PredictsEpsilon  Prediction = "epsilon"
	PredictsVelocity Prediction = "v_prediction"
	PredictsSample   Prediction = "sample"
)

// validateModelParts judges what goes with the model, and whether the version has the fields of versions 3 and 4. Those
// of version 2 are not judged: earlier programs wrote some of them into Specs of version 1.
func (s Spec) validateModelParts(f *faults) {
	f.check(s.Version >= 3 || s.Reading == "" && !s.usesVersion3(),
		"spec version %d: its fields need version 3", s.Version)
	f.check(s.Version >= 4 || s.Schedule == nil, "spec version %d: its schedule needs version 4", s.Version)
	f.check(s.Reading == "" || s.Reading == ReadingV2, "reading %q: want %q or none", s.Reading, ReadingV2)
	if s.VAE != nil {
		f.check(hexHash.MatchString(s.VAE.Hash), "vae: %q is not a SHA-256", s.VAE.Hash)
	}
	switch s.Prediction {
	case "":
		f.check(!s.ZeroSNR, "zero SNR: want a prediction beside it")
	case PredictsEpsilon, PredictsVelocity, PredictsSample:
	default:
		f.check(false, "prediction %q: want %q, %q or %q", s.Prediction, PredictsEpsilon, PredictsVelocity, PredictsSample)
	}
}

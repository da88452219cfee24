package encode

import (
	"darkroom/render/picture"
)

// Parameters is what the text in an image says about how it was made. What it does not say is zero, except Seed.
type Parameters struct {
	Prompt, Negative string
	Steps            int
	Sampler          string // darkroom's name if there is one, else as written
	GuidanceScale    float64
	Seed             int64 // -1 when missing
	Width, Height    int   // pixels
	Model            picture.Ref
	Dialect          picture.Dialect
	Notation         picture.Notation // empty when missing
	Reading          picture.Reading  // of text that darkroom wrote before Spec version 3; else the current one
	ClipSkip         int
	Emphasis         picture.Emphasis
	Eta              *float64
	Rescale          float64
	SeedDelta        int64
	SeedSize         *picture.Size
	Tiling           bool
	Stop             int // percent of the steps
	Variations       []picture.Variation
	Init             *picture.Init // without sizes
	Hires            *picture.Hires
	Upscaler         *picture.Ref // nil for Lanczos's filter
	Upscale          *picture.Upscale
	VAE              *picture.Ref // with the digits of its hash that are there; nil for the model's own
	Addons           []AddonHash
	Version          string  // of the program that wrote it
	Fields           []Field // all fields, in order, as written
}

// Field is one "key: value" of the text.
type Field struct{ Key, Value string }

// Field returns the value of a key.
func (r Parameters) Field(key string) (value string, ok bool) {
	for _, f := range r.Fields {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}

package render

import (
	"context"
	"image"

	"darkroom/render/safety"
	"darkroom/render/tensor"
)

// Job is what one call of Render needs besides the Spec. But for Latents it decides nothing of the image. The zero
// value reports nothing.
type Job struct {
	// Input finds the bytes of an input image. nil when there is none.
	Input func(ctx context.Context, sha256 string) ([]byte, error)
	// Progress is called after every step, on the goroutine of Render: it must be quick.
	Progress func(Progress)
	// Latents is standard normal noise [1 or count, channels, h, w] in place of the seed's. Usually nil.
	Latents *tensor.Tensor
	// MaskBlur is A1111's "Mask blur" in pixels, for either dialect: a mask is read and laid over the result as A1111
	// does. nil is what the dialect has: 4 for A1111, and a hard edge without an overlay for diffusers.
	MaskBlur *int
	// BatchMember is the run as one of a batch; Render makes it leave. nil for a run of its own.
	BatchMember *BatchMember
}

// Progress says how far a job is. Step never decreases. It reaches Steps before the images are decoded or, where they
// are enlarged afterwards, when that is done. Each tile that an upscaler enlarges counts as a step.
type Progress struct {
	Step, Steps int
	// Preview decodes what the images look like at this step. It costs a run of the decoder, and one of the safety
	// checker, may be called from any goroutine, and returns nil when that fails or the job is over.
	Preview func() *Preview
}

// Preview is what the images look like at a step.
type Preview struct {
	Sheet image.Image // all tiles
	// Safety is what the safety checker says, by tile; nil for a tile that has not begun. It is empty where previews are
	// not checked.
	Safety []*safety.Verdict
}

// Tile is one finished image.
type Tile struct {
	Seed   int64
	Image  *image.NRGBA
	Safety *safety.Verdict // what the safety checker says; nil without one
}

// The stages whose time a Result holds.
const (
	StageEncode  = "encode"  // prompts and input images
	StageDenoise = "denoise" // all steps
	StageDecode  = "decode"  // latents to pixels
	StageUpscale = "upscale" // finished images to larger ones, with the steps that repaint them
	StageSafety  = "safety"  // the safety checker's look at finished images
)

// Result is the outcome of a Spec.
type Result struct {
	Tiles     []Tile
	Millis    map[string]int64 // by stage
	Notes     []string         // a sentence each, for the person who asked; see Extended
	LowMemory bool             // memory ran out, so something runs in smaller parts from now on
	Memory    []string         // for the operator, a sentence each: what changes from now on because memory ran out
	Latents   tensor.Tensor    // the finished latents [count, channels, h, w], before the division by the scaling factor
	// DeviceBytes is the most memory that was held on the device while jobs ran, weights included; 0 on a CPU.
	DeviceBytes int64
}

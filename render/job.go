package render

import (
	"context"
	"image"

	"darkroom/render/tensor"
)

// Job is what one Paint needs beside the Spec, none of which decides the picture. The zero value paints in silence.
type Job struct {
	Input    func(ctx context.Context, sha256 string) ([]byte, error) // finds the bytes of an input picture; nil when there is none
	Progress func(Progress)                                           // told after every step, on the painting goroutine: be quick
	Latents  *tensor.Tensor                                           // standard normal noise [1 or count, channels, h, w] instead of the seed's; nil normally
	Slot     *BatchSlot                                               // among paintings made at the same time; Paint leaves it. nil alone
}

// Progress tells how far a job is. Step never runs back, and reaches Steps before the pictures are decoded.
type Progress struct {
	Step, Steps int
	// Preview decodes what the pictures look like at this step, as one sheet of all tiles. It costs a run of the
	// decoder, may be called from any goroutine, and returns nil when that fails or the job is over.
	Preview func() image.Image
}

// Tile is one finished picture.
type Tile struct {
	Seed  int64
	Image *image.NRGBA
}

// The stages whose time a Result tells.
const (
	StageEncode  = "encode"  // prompts and start pictures
	StageDenoise = "denoise" // all steps
	StageDecode  = "decode"  // latents to pixels
)

// Result is what became of a Spec.
type Result struct {
	Tiles     []Tile
	Millis    map[string]int64 // by stage
	LowMemory bool             // memory was found short meanwhile, so that something is run in smaller parts from then on
	Latents   tensor.Tensor    // the finished latents [count, channels, h, w], before the division by the scaling factor
}

package folder

import (
	"errors"
	"os"
	"path/filepath"

	"darkroom/render/family"
	"darkroom/render/onnx/graph"
)

// readUnet reads what the UNet says of its sizes; the file is absent in old exports.
func (f *Model) readUnet() error {
	c := &f.Config
	unet := struct {
		Size     any      `json:"sample_size"` // a number of latents, or [height, width]
		Width    any      `json:"cross_attention_dim"`
		Blocks   []string `json:"down_block_types"`
		Channels int      `json:"in_channels"`
		Cond     int      `json:"time_cond_proj_dim"`
	}{}
	if err := readJSON(filepath.Join(f.Dir, unetPart, "config.json"), &unet); err != nil &&
		!errors.Is(err, os.ErrNotExist) {
		return err
	}
	if w, ok := unet.Width.(float64); ok {
		c.TextWidth = int(w)
	}
	c.NativeSize = nativeSize(unet.Size, c.PixelsPerLatent)
	if c.NativeSize == (Size{}) {
		c.NativeSize = Size{Width: c.Family.NativeSide, Height: c.Family.NativeSide}
	}
	c.SizeMultiple = c.Family.SizeMultiple
	if n := len(unet.Blocks); n > 0 {
		c.SizeMultiple = c.PixelsPerLatent << min(n-1, 8) // each block but the last halves the latents
	}
	f.unetChannels, f.timeCondDim = unet.Channels, unet.Cond
	return nil
}

// nativeSize reads sample_size in pixels; zero for one that is no size.
func nativeSize(sample any, pixelsPerLatent int) Size {
	sides, ok := sample.([]any)
	if !ok {
		sides = []any{sample, sample}
	}
	if len(sides) != 2 {
		return Size{}
	}
	height, _ := sides[0].(float64)
	width, _ := sides[1].(float64)
	s := Size{Width: int(width) * pixelsPerLatent, Height: int(height) * pixelsPerLatent}
	if !(height > 0 && width > 0) || !validSize(s) {
		return Size{}
	}
	return s
}

// channels is how many channels the UNet reads: as its input says, else as its first convolution reads, else as
// config.json says, else as the pipeline's class suggests. Old exports leave the first open and have no config.json.
func (f *Model) channels() int {
	if n := f.Ports.Sample.Dims[1]; n != 0 {
		return n
	}
	if s, err := graph.ReadSkeleton(f.path(unetPart)); err == nil {
		if n := graph.ConvChannels(s.Model, f.Ports.Sample.Name); n != 0 {
			return n
		}
	}
	if f.unetChannels != 0 {
		return f.unetChannels
	}
	if family.InpaintPipeline(f.Config.Pipeline) {
		return f.Config.LatentChannels + family.Inpaint.Channels
	}
	return f.Config.LatentChannels
}

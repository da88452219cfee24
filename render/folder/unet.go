package folder

import (
	"errors"
	"os"
	"path/filepath"

	"darkroom/render/family"
)

// readUnet reads what the UNet says of its sizes; the file is absent in old exports.
func (f *Folder) readUnet() error {
	c := &f.Config
	unet := struct {
		Size     any      `json:"sample_size"` // a number of latents, or [height, width]
		Width    any      `json:"cross_attention_dim"`
		Blocks   []string `json:"down_block_types"`
		Channels int      `json:"in_channels"`
		Cond     int      `json:"time_cond_proj_dim"`
	}{Channels: c.LatentChannels}
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
	c.Extra, f.timeCondDim = family.FindExtraInput(unet.Channels-c.LatentChannels), unet.Cond
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

package message

import (
	"strconv"

	"darkroom/bot/button"
)

// UpscaleWhich asks which of several images shall be upscaled.
func UpscaleWhich(job string, tiles int) Message {
	var which Row
	for i := 1; i <= tiles; i++ {
		id := button.ID{Verb: button.Upscale, Job: job, Tile: i, Arg: UpscaleSubtle}
		which = append(which, Button{Style: Secondary, Label: "Image " + strconv.Itoa(i), ID: id.String()})
	}
	return Message{Content: "**Upscale.** Which image?", Rows: []Row{which}}
}

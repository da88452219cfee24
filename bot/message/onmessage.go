package message

import (
	"darkroom/bot/button"
	"darkroom/bot/language"
)

// UpscaleWhich asks which of several images shall be upscaled.
func UpscaleWhich(l language.Language, job string, tiles int) Message {
	var which Row
	for i := 1; i <= tiles; i++ {
		id := button.ID{Verb: button.Upscale, Job: job, Tile: i, Arg: UpscaleSubtle}
		which = append(which, Button{Style: Secondary, Label: l.Sprintf("Image %d", i), ID: id.String()})
	}
	return Message{Content: l.Text("**Upscale.** Which image?"), Rows: []Row{which}}
}

package message

import (
	"strconv"

	"darkroom/bot/button"
)

// MoreOfTile is the argument of a button that shows what can be done with one of several images.
const MoreOfTile = "tile"

// More is the rest of what can be done with a card. Of several images it asks which one. target is the card's message
// if the person may delete it, else empty.
func More(job string, tiles, tile int, target string) Message {
	if tiles == 1 || tile > 0 {
		return Message{Content: "**More**", Rows: []Row{moreRow(job, tile, target)}}
	}
	var which Row
	for i := 1; i <= tiles; i++ {
		id := button.ID{Verb: button.More, Job: job, Tile: i, Arg: MoreOfTile}
		which = append(which, Button{Style: Secondary, Label: "Image " + strconv.Itoa(i), ID: id.String()})
	}
	return Message{
		Content: "**More.** Which image? The buttons below are for all of them.",
		Rows:    []Row{which, moreRow(job, 0, target)},
	}
}

// moreRow shows the settings of an image or of all, and deletes the message.
func moreRow(job string, tile int, target string) Row {
	info := button.ID{Verb: button.Info, Job: job, Tile: tile}
	row := Row{{Style: Secondary, Emoji: "ℹ️", Label: "Info", ID: info.String()}}
	if target != "" {
		gone := button.ID{Verb: button.Delete, Job: job, Tile: tile, Arg: DeleteAsked + target}
		row = append(row, Button{Style: Secondary, Emoji: "❌", Label: "Delete", ID: gone.String()})
	}
	return row
}

// MoreTile is what can be done with one of several images, without a message of its own first.
func MoreTile(job string, tile int, enlargeable bool) Message {
	press := func(label string, v button.Verb, arg string) Button {
		id := button.ID{Verb: v, Job: job, Tile: tile, Arg: arg}
		return Button{Style: Secondary, Label: label, ID: id.String()}
	}
	vary := Row{press("Vary (subtle)", button.Vary, "subtle"), press("Vary (strong)", button.Vary, "strong")}
	rows := []Row{vary, moreRow(job, tile, "")}
	if enlargeable {
		up := Row{
			press("Upscale (subtle)", button.Upscale, UpscaleSubtle),
			press("Upscale (creative)", button.Upscale, UpscaleCreative),
			press("Upscale…", button.Upscale, UpscaleChoose),
		}
		rows = append([]Row{up}, rows...)
	}
	return Message{Content: "**Image " + strconv.Itoa(tile) + "**", Rows: rows}
}

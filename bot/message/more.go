package message

import (
	"darkroom/bot/button"
	"darkroom/bot/language"
)

// MoreOfTile is the argument of a button that shows what can be done with one of several images.
const MoreOfTile = "tile"

// More is the rest of what can be done with a card. Of several images it asks which one. target is the card's message
// if the person may delete it, else empty.
func More(l language.Language, job string, tiles, tile int, target string) Message {
	if tiles == 1 || tile > 0 {
		return Message{Content: l.Text("**More**"), Rows: []Row{moreRow(l, job, tile, target)}}
	}
	var which Row
	for i := 1; i <= tiles; i++ {
		id := button.ID{Verb: button.More, Job: job, Tile: i, Arg: MoreOfTile}
		which = append(which, Button{Style: Secondary, Label: l.Sprintf("Image %d", i), ID: id.String()})
	}
	return Message{
		Content: l.Text("**More.** Which image? The buttons below are for all of them."),
		Rows:    []Row{which, moreRow(l, job, 0, target)},
	}
}

// moreRow shows the settings of an image or of all, and deletes the message.
func moreRow(l language.Language, job string, tile int, target string) Row {
	info := button.ID{Verb: button.Info, Job: job, Tile: tile}
	row := Row{{Style: Secondary, Emoji: "ℹ️", Label: l.Text("Info"), ID: info.String()}}
	if target != "" {
		gone := button.ID{Verb: button.Delete, Job: job, Tile: tile, Arg: DeleteAsked + target}
		row = append(row, Button{Style: Secondary, Emoji: "❌", Label: l.Text("Delete"), ID: gone.String()})
	}
	return row
}

// MoreTile is what can be done with one of several images, without a message of its own first.
func MoreTile(l language.Language, job string, tile int, enlargeable bool) Message {
	press := func(label string, v button.Verb, arg string) Button {
		id := button.ID{Verb: v, Job: job, Tile: tile, Arg: arg}
		return Button{Style: Secondary, Label: label, ID: id.String()}
	}
	vary := Row{
		press(l.Text("Vary (subtle)"), button.Vary, "subtle"), press(l.Text("Vary (strong)"), button.Vary, "strong"),
	}
	rows := []Row{vary, moreRow(l, job, tile, "")}
	if enlargeable {
		up := Row{
			press(l.Text("Upscale (subtle)"), button.Upscale, UpscaleSubtle),
			press(l.Text("Upscale (creative)"), button.Upscale, UpscaleCreative),
			press(l.Text("Upscale…"), button.Upscale, UpscaleChoose),
		}
		rows = append([]Row{up}, rows...)
	}
	return Message{Content: l.Sprintf("**Image %d**", tile), Rows: rows}
}

package message

import (
	"strconv"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/picture"
)

// CancelRow is the row under a job that waits or runs.
func CancelRow(l language.Language, job string) []Row {
	return []Row{{{Style: Secondary, Label: l.Text("Cancel"), ID: button.ID{Verb: button.Cancel, Job: job}.String()}}}
}

// retryRow is the row of a job without images. A job that lost its start image cannot be rendered as it was asked for.
func retryRow(to Address, spec picture.Spec, job, label string) Row {
	var row Row
	if !to.FromImage || spec.Init != nil {
		reroll := button.ID{Verb: button.Reroll, Job: job}
		row = append(row, Button{Style: Secondary, Emoji: "🔄", Label: label, ID: reroll.String()})
	}
	return append(row, Button{Style: Secondary, Emoji: "❌", ID: button.ID{Verb: button.Delete, Job: job}.String()})
}

// cardRows are the buttons of a finished card.
func cardRows(l language.Language, spec picture.Spec, job string, tiles int, r Result) []Row {
	if tiles > 1 && r.Tile == 0 {
		return gridRows(job, tiles, r.Used)
	}
	made := shape{spec.Width, spec.Height}
	if len(r.Made) > 0 {
		made = shape{r.Made[0].Width, r.Made[0].Height}
	}
	return singleRows(l, spec, job, max(r.Tile, 1), made)
}

// gridRows are the buttons of a card with several tiles. A row of Discord has at most five: picture.MaxCount and one
// for the whole card. used tells which have been pressed: they turn blue.
func gridRows(job string, tiles int, used func(id string) bool) []Row {
	if used == nil {
		used = func(string) bool { return false }
	}
	style := map[bool]Style{false: Secondary, true: Primary}
	var ups, varies Row
	for i := 1; i <= tiles; i++ {
		n := strconv.Itoa(i)
		up := button.ID{Verb: button.Single, Job: job, Tile: i}.String()
		vary := button.ID{Verb: button.Vary, Job: job, Tile: i}.String()
		ups = append(ups, Button{Style: style[used(up)], Label: "U" + n, ID: up})
		varies = append(varies, Button{Style: style[used(vary)], Label: "V" + n, ID: vary})
	}
	reroll, remix := button.ID{Verb: button.Reroll, Job: job}, button.ID{Verb: button.Remix, Job: job}
	ups = append(ups, Button{Style: Secondary, Emoji: "🔄", ID: reroll.String()})
	varies = append(varies, Button{Style: Secondary, Emoji: "✏️", ID: remix.String()})
	return []Row{ups, varies}
}

// singleRows are the buttons of a card with one tile. An image that was upscaled cannot be upscaled again.
func singleRows(l language.Language, spec picture.Spec, job string, tile int, made shape) []Row {
	press := func(emoji, label string, v button.Verb, arg string) Button {
		id := button.ID{Verb: v, Job: job, Tile: tile, Arg: arg}
		return Button{Style: Secondary, Emoji: emoji, Label: label, ID: id.String()}
	}
	remix := button.ID{Verb: button.Remix, Job: job}
	if tile > 1 {
		remix.Tile = tile // it may have a prompt of its own
	}
	again := Row{
		{Style: Secondary, Emoji: "🔄", ID: button.ID{Verb: button.Reroll, Job: job}.String()},
		{Style: Secondary, Emoji: "✏️", ID: remix.String()},
	}
	var ups Row
	if spec.Hires == nil && spec.Upscale == nil {
		ups = Row{
			press("", l.Text("Upscale (subtle)"), button.Upscale, UpscaleSubtle),
			press("", l.Text("Upscale (creative)"), button.Upscale, UpscaleCreative),
			press("", l.Text("Upscale…"), button.Upscale, UpscaleChoose),
		}
	}
	zoom := Row{
		press("🔍", l.Text("Zoom out 1.5×"), button.Zoom, "1-5"), press("🔍", l.Text("Zoom out 2×"), button.Zoom, "2"),
		press("🔍", l.Text("Custom zoom"), button.Zoom, ZoomCustom),
	}
	if !made.square() {
		zoom = append(zoom, press("↔️", l.Text("Make square"), button.Square, ""))
	}
	pan := Row{
		press("⬅️", "", button.Pan, "left"), press("➡️", "", button.Pan, "right"), press("⬆️", "", button.Pan, "up"),
		press("⬇️", "", button.Pan, "down"),
	}
	vary := Row{
		press("🪄", l.Text("Vary (subtle)"), button.Vary, "subtle"),
		press("🪄", l.Text("Vary (strong)"), button.Vary, "strong"),
		press("🖌️", l.Text("Vary (region)"), button.Region, ""),
	}
	return []Row{append(ups, again...), vary, zoom, pan}
}

// The arguments of buttons.
const (
	UpscaleSubtle   = "subtle"
	UpscaleCreative = "creative"
	UpscaleChoose   = "choose" // asks in a form how far, by what, and how much is repainted
	ZoomCustom      = "custom" // asks in a form how far
)

// shape is the size of an image in pixels.
type shape struct{ width, height int }

func (s shape) square() bool { return s.width == s.height }

// plainRows are the buttons of the older form under a job's images: U and V for each of several tiles, or the buttons
// of a single one.
func plainRows(l language.Language, spec picture.Spec, job string, tiles, tile int) []Row {
	if tiles == 1 || tile > 0 {
		return plainSingleRows(l, spec, job, max(tile, 1))
	}
	var ups, varies Row
	for i := 1; i <= tiles; i++ {
		n := strconv.Itoa(i)
		single, vary := button.ID{Verb: button.Single, Job: job, Tile: i}, button.ID{Verb: button.Vary, Job: job, Tile: i}
		ups = append(ups, Button{Style: Secondary, Label: "U" + n, ID: single.String()})
		varies = append(varies, Button{Style: Secondary, Label: "V" + n, ID: vary.String()})
	}
	ups = append(ups, Button{Style: Primary, Emoji: "🔄", ID: button.ID{Verb: button.Reroll, Job: job}.String()})
	varies = append(varies, Button{Style: Primary, Emoji: "✏️", ID: button.ID{Verb: button.Remix, Job: job}.String()})
	return []Row{ups, varies, lastRow(job, 0)}
}

// plainSingleRows are the buttons of the older form under one tile on its own. An image that was upscaled cannot be
// upscaled again.
func plainSingleRows(l language.Language, spec picture.Spec, job string, tile int) []Row {
	id := func(v button.Verb, arg string) string {
		return button.ID{Verb: v, Job: job, Tile: tile, Arg: arg}.String()
	}
	remix := button.ID{Verb: button.Remix, Job: job}
	if tile > 1 {
		remix.Tile = tile // it may have a prompt of its own
	}
	var row Row
	if spec.Hires == nil && spec.Upscale == nil {
		row = append(row, Button{Style: Secondary, Label: l.Text("Upscale 2×"), ID: id(button.Upscale, "")})
	}
	row = append(row,
		Button{Style: Secondary, Label: l.Text("Vary (subtle)"), ID: id(button.Vary, "subtle")},
		Button{Style: Secondary, Label: l.Text("Vary (strong)"), ID: id(button.Vary, "strong")},
		Button{Style: Primary, Emoji: "🔄", ID: button.ID{Verb: button.Reroll, Job: job}.String()},
		Button{Style: Primary, Emoji: "✏️", ID: remix.String()},
	)
	zoom := Row{
		{Style: Secondary, Emoji: "🔍", Label: l.Text("Zoom out 2×"), ID: id(button.Zoom, "2")},
		{Style: Secondary, Emoji: "🔍", Label: l.Text("Zoom out 1.5×"), ID: id(button.Zoom, "1-5")},
		{Style: Secondary, Emoji: "🖌️", Label: l.Text("Vary (region)"), ID: id(button.Region, "")},
	}
	pan := Row{
		{Style: Secondary, Emoji: "⬅️", ID: id(button.Pan, "left")},
		{Style: Secondary, Emoji: "➡️", ID: id(button.Pan, "right")},
		{Style: Secondary, Emoji: "⬆️", ID: id(button.Pan, "up")},
		{Style: Secondary, Emoji: "⬇️", ID: id(button.Pan, "down")},
	}
	return []Row{row, zoom, pan, lastRow(job, tile)}
}

// lastRow is the last row of every finished message of the older form. With a tile its ids differ from those under the
// whole gallery.
func lastRow(job string, tile int) Row {
	return Row{
		{Style: Secondary, Emoji: "ℹ️", ID: button.ID{Verb: button.Info, Job: job, Tile: tile}.String()},
		{Style: Secondary, Emoji: "❌", ID: button.ID{Verb: button.Delete, Job: job, Tile: tile}.String()},
	}
}

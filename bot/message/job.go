package message

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/queue"
	"darkroom/render/picture"
)

// maxPromptShown is how much of a prompt a message shows, in characters after escaping. ℹ️ shows all of it.
const maxPromptShown = 900

// heading is the first line of every message about a job.
func heading(to Address, spec picture.Spec) string {
	prompt := Escape(PromptText(spec))
	if prompt == "" {
		prompt = "(no prompt)"
	}
	line := "**" + shortenEscaped(prompt, maxPromptShown) + "**"
	if to.User != "" {
		line += " — <@" + to.User + ">"
	}
	if kind := origin(to); kind != "" {
		line += " · " + kind
	}
	return line
}

// origin says what a job was made from, when it was made by a button.
func origin(to Address) string {
	switch to.Verb {
	case "vary":
		return fmt.Sprintf("variation of image %d", max(to.Tile, 1))
	case "upscale":
		return fmt.Sprintf("upscale of image %d", max(to.Tile, 1))
	case "zoom":
		return fmt.Sprintf("zoomed out from image %d", max(to.Tile, 1))
	case "pan":
		return fmt.Sprintf("panned from image %d", max(to.Tile, 1))
	case "reroll", "remix":
		return to.Verb
	}
	return ""
}

// settingsLine is the small line under a finished message.
func settingsLine(spec picture.Spec, files []queue.File) string {
	size := fmt.Sprintf("%d×%d", spec.Width, spec.Height)
	if len(files) > 0 {
		size = fmt.Sprintf("%d×%d", files[0].Width, files[0].Height)
	}
	seed := spec.Seed
	if n := len(spec.Variations); n > 0 {
		seed = spec.Variations[n-1].Seed
	}
	line := fmt.Sprintf("-# seed %d · %s · %d steps · %s", seed, size, spec.Steps, Escape(spec.Model.Name))
	if slices.ContainsFunc(files, func(f queue.File) bool { return f.LowMemory }) {
		line += " · made in parts (low memory)"
	}
	return line + notesText(files)
}

const (
	// maxResultNotes is how many notes a finished message shows.
	maxResultNotes = 4
	// maxResultNote is how much of each it shows, in characters.
	maxResultNote = 150
)

// notesText lists what the renderer found out about the images' settings.
func notesText(files []queue.File) string {
	var b strings.Builder
	n := 0
	for _, f := range files {
		for _, note := range f.Notes {
			if n++; n <= maxResultNotes {
				b.WriteString("\n-# " + shortenEscaped(Escape(note), maxResultNote))
			}
		}
	}
	return b.String()
}

// RelativeTime is a moment as Discord shows it: relative to now, kept up to date, in the reader's language.
func RelativeTime(t time.Time) string { return "<t:" + strconv.FormatInt(t.Unix(), 10) + ":R>" }

// CancelRow is the row under a job that waits or runs.
func CancelRow(job string) []Row {
	return []Row{{{Style: Secondary, Label: "Cancel", ID: button.ID{Verb: button.Cancel, Job: job}.String()}}}
}

// QueueStatus is what a waiting message says about the queue.
type QueueStatus struct {
	Position  int       // 1 is next; 0 when it is not known, because the queue is being filled again
	ETA       time.Time // when the images should be there; zero when it cannot be estimated
	Paused    bool      // the server, the model or everything is paused
	Reason    string    // why it is paused
	Unserved  bool      // renderers are online, and none has everything that the job names
	MovedBack string    // why the position is further back than the one shown before; a sentence without a full stop
}

// Waiting is the message of a job that waits in the queue.
func Waiting(to Address, spec picture.Spec, job string, s QueueStatus) Message {
	state := "⏳ Waiting, " + s.positionText()
	switch {
	case s.Position <= 0:
		state = "⏳ Waiting: the queue is being rebuilt, your request is safe"
	case s.Paused:
		state = "⏸️ Waiting, " + s.positionText() + ". Paused"
		if s.Reason != "" {
			state += ": " + shortenEscaped(Escape(s.Reason), maxPromptShown)
		}
	case s.Unserved:
		state += ", for a renderer that has " + shortenEscaped(Escape(picture.PartNames(spec.Parts(), "and")), maxPromptShown)
	case !s.ETA.IsZero():
		state += s.etaText()
	}
	if s.MovedBack != "" {
		state += "\n-# " + s.MovedBack + "."
	}
	return Message{Content: heading(to, spec) + "\n" + state, Rows: CancelRow(job)}
}

// Rendering is the message of a job that is being rendered, with a preview if there is one.
func Rendering(to Address, spec picture.Spec, job string, percent int, preview []File) Message {
	return Message{
		Content: fmt.Sprintf("%s\n🎨 Generating, %d%%", heading(to, spec), percent), Files: preview, Rows: CancelRow(job),
	}
}

// PreviewDescription is the alternative text of a preview.
const PreviewDescription = "A preview of the images"

// Finished is the message of a job that is done: its images with their buttons.
func Finished(to Address, spec picture.Spec, job string, files []File, made []queue.File) Message {
	for i := range files {
		files[i].Spoiler = to.Spoiler
		files[i].Description = "Image " + strconv.Itoa(i+1) + ": " + spec.Tile(i).Prompt
	}
	return Message{
		Content: heading(to, spec) + "\n" + settingsLine(spec, made), Files: files, Rows: FinishedRows(spec, job, len(files)),
	}
}

// FinishedRows are the buttons under a job's images: U and V for each of several tiles, or the buttons of a single
// tile. A row of Discord has at most five buttons: picture.MaxCount and one for the whole message.
func FinishedRows(spec picture.Spec, job string, tiles int) []Row {
	if tiles == 1 {
		return SingleRows(spec, job, 1)
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

// SingleRows are the buttons under one tile on its own. An image that was upscaled cannot be upscaled again.
func SingleRows(spec picture.Spec, job string, tile int) []Row {
	id := func(v button.Verb, arg string) string {
		return button.ID{Verb: v, Job: job, Tile: tile, Arg: arg}.String()
	}
	remix := button.ID{Verb: button.Remix, Job: job}
	if tile > 1 {
		remix.Tile = tile // it may have a prompt of its own
	}
	var rows []Row
	if spec.Hires == nil && spec.Upscale == nil {
		rows = append(rows, upscaleRow(spec, id))
	}
	vary := Row{
		{Style: Secondary, Label: "Vary (subtle)", ID: id(button.Vary, "subtle")},
		{Style: Secondary, Label: "Vary (strong)", ID: id(button.Vary, "strong")},
		{Style: Primary, Emoji: "🔄", ID: button.ID{Verb: button.Reroll, Job: job}.String()},
		{Style: Primary, Emoji: "✏️", ID: remix.String()},
	}
	zoom := Row{
		{Style: Secondary, Emoji: "🔍", Label: "Zoom out 2×", ID: id(button.Zoom, "2")},
		{Style: Secondary, Emoji: "🔍", Label: "Zoom out 1.5×", ID: id(button.Zoom, "1-5")},
	}
	pan := Row{
		{Style: Secondary, Emoji: "⬅️", ID: id(button.Pan, "left")},
		{Style: Secondary, Emoji: "➡️", ID: id(button.Pan, "right")},
		{Style: Secondary, Emoji: "⬆️", ID: id(button.Pan, "up")},
		{Style: Secondary, Emoji: "⬇️", ID: id(button.Pan, "down")},
	}
	return append(rows, vary, zoom, pan, lastRow(job, tile))
}

// upscaleRow are the buttons that enlarge an image. 4× is left out where no renderer makes images so large.
func upscaleRow(spec picture.Spec, id func(verb button.Verb, arg string) string) Row {
	row := Row{{Style: Secondary, Label: "Upscale 2×", ID: id(button.Upscale, "")}}
	if 4*max(spec.Width, spec.Height) <= picture.MaxSide {
		row = append(row, Button{Style: Secondary, Label: "Upscale 4×", ID: id(button.Upscale, button.UpscaleMore)})
	}
	return append(row,
		Button{Style: Secondary, Label: "Upscale (creative)", ID: id(button.Upscale, button.UpscaleCreative)},
		Button{Style: Secondary, Label: "Upscale…", ID: id(button.Upscale, button.UpscaleChoose)},
	)
}

// lastRow is the last row of every finished message. With a tile its ids differ from those under the whole gallery.
func lastRow(job string, tile int) Row {
	return Row{
		{Style: Secondary, Emoji: "ℹ️", ID: button.ID{Verb: button.Info, Job: job, Tile: tile}.String()},
		{Style: Secondary, Emoji: "❌", ID: button.ID{Verb: button.Delete, Job: job, Tile: tile}.String()},
	}
}

// Failed is the message of a job that was given up. reason is a clause for people, such as ReasonInputDamaged. The
// job's id is the reference: it is also in the log.
func Failed(to Address, spec picture.Spec, job, reason string) Message {
	return Message{
		Content: fmt.Sprintf("%s\n⚠️ Failed: %s.\n%s · reference %s",
			heading(to, spec), strings.TrimRight(reason, "."), notCounted, job),
		Rows: []Row{retryRow(to, spec, job, "Try again")},
	}
}

// notCounted is told about a job without images: quotas and fairness do not count it.
const notCounted = "-# Not counted against your limits"

// retryRow is the row of a job without images. A job that lost its start image cannot be rendered as it was asked for.
func retryRow(to Address, spec picture.Spec, job, label string) Row {
	var row Row
	if !to.FromImage || spec.Init != nil {
		reroll := button.ID{Verb: button.Reroll, Job: job}
		row = append(row, Button{Style: Secondary, Emoji: "🔄", Label: label, ID: reroll.String()})
	}
	return append(row, Button{Style: Secondary, Emoji: "❌", ID: button.ID{Verb: button.Delete, Job: job}.String()})
}

// Cancelled is the message of a job that was cancelled.
func Cancelled(to Address, spec picture.Spec, job string) Message {
	return Message{
		Content: heading(to, spec) + "\n🚫 Cancelled\n" + notCounted,
		Rows:    []Row{retryRow(to, spec, job, "Generate anyway")},
	}
}

// Reoffer is the message of images that were finished too late to be posted and are no longer stored. Its button
// renders them again: the click brings a new token.
func Reoffer(to Address, spec picture.Spec, job string) Message {
	return Message{
		Content: heading(to, spec) +
			"\n🖼️ Finished, but too late to be posted. Press Show to generate the same images again.",
		Rows: []Row{{{Style: Primary, Label: "Show", ID: button.ID{Verb: button.Show, Job: job}.String()}}},
	}
}

// InInbox is the message of images that could not be posted.
func InInbox(to Address, spec picture.Spec) Message {
	return Message{
		Content: heading(to, spec) +
			"\n🖼️ Finished, but I could not post here. The person who asked can open it with /inbox.",
	}
}

// PromptLine is a prompt in a list: shortened and escaped.
func PromptLine(prompt string) string { return Escape(Shorten(prompt, 80)) }

// MovedBackByEpoch is why a position moved back: the queue was filled again.
func MovedBackByEpoch(was int) string {
	return fmt.Sprintf("It was #%d before the queue was rebuilt", was)
}

// MovedBackByOthers is why a position moved back: people who have used less render time came in between.
func MovedBackByOthers(was int) string {
	return fmt.Sprintf("It was #%d: people who have used less render time go first", was)
}

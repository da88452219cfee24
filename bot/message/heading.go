package message

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/bot/language"
	"darkroom/queue"
	"darkroom/render/picture"
)

// maxPromptShown is how much of a prompt a message shows, in characters after escaping. ℹ️ shows all of it.
const maxPromptShown = 900

// heading is the first line of every message about a job.
func heading(to Address, spec picture.Spec) string {
	prompt := Escape(PromptText(spec))
	if prompt == "" {
		prompt = to.Language.Text("(no prompt)")
	}
	return "**" + shortenEscaped(prompt, maxPromptShown) + "**" + whoText(to)
}

// whoText says behind a prompt who asked, and what the job was made from.
func whoText(to Address) string {
	text := ""
	if to.User != "" {
		text += " — <@" + to.User + ">"
	}
	if kind := origin(to); kind != "" {
		text += " · " + kind
	}
	if to.Draft > 0 {
		text += " · " + to.Language.Text("draft")
	}
	return text
}

// origin says what a job was made from, when it was made by a button.
func origin(to Address) string {
	l, tile := to.Language, max(to.Tile, 1)
	switch to.Verb {
	case "vary":
		return l.Sprintf("variation of image %d", tile)
	case "region":
		return l.Sprintf("variation of a region of image %d", tile)
	case "upscale":
		return l.Sprintf("upscale of image %d", tile)
	case "zoom":
		return l.Sprintf("zoomed out from image %d", tile)
	case "pan":
		return l.Sprintf("panned from image %d", tile)
	case "square":
		return l.Sprintf("made square from image %d", tile)
	case "finish":
		return l.Text("finished draft")
	case "reroll":
		return l.Text("reroll")
	case "remix":
		return l.Text("remix")
	}
	return ""
}

// settingsLine is the small line under a finished message.
func settingsLine(l language.Language, spec picture.Spec, files []queue.File) string {
	line := "-# " + strings.Join([]string{
		l.Sprintf("seed %d", shownSeed(spec)), shownSize(spec, files), stepsText(l, spec.Steps), Escape(spec.Model.Name),
	}, " · ")
	if slices.ContainsFunc(files, func(f queue.File) bool { return f.LowMemory }) {
		line += " · " + l.Text("made in parts (low memory)")
	}
	return line + notesText(l, files) + formsText(l, files)
}

// stepsText is a number of steps.
func stepsText(l language.Language, n int) string { return l.Count(n, "%d step", "%d steps", n) }

// shownSeed is the seed that made the images what they are: of variations, the last one's.
func shownSeed(spec picture.Spec) int64 {
	if n := len(spec.Variations); n > 0 {
		return spec.Variations[n-1].Seed
	}
	return spec.Seed
}

// shownSize is the size of the files, or what was asked for if there are none.
func shownSize(spec picture.Spec, files []queue.File) string {
	if len(files) > 0 {
		return fmt.Sprintf("%d×%d", files[0].Width, files[0].Height)
	}
	return fmt.Sprintf("%d×%d", spec.Width, spec.Height)
}

const (
	// maxResultNotes is how many notes a finished message shows.
	maxResultNotes = 4
	// maxResultNote is how much of each it shows, in characters.
	maxResultNote = 150
)

// notesText lists what the renderer found out about the images' settings.
func notesText(l language.Language, files []queue.File) string {
	var b strings.Builder
	n := 0
	for _, f := range files {
		for _, note := range f.Notes {
			if n++; n <= maxResultNotes {
				b.WriteString("\n-# " + shortenEscaped(Escape(l.Stored(note)), maxResultNote))
			}
		}
	}
	return b.String()
}

// maxFlagsShown is how much of the flags a card shows, in characters.
const maxFlagsShown = 300

// cardHeading is the first text of a card: the prompt with the flags that were used, so that both can be copied, and
// who asked. It has at most so many characters, at the cost of the prompt.
func cardHeading(to Address, spec picture.Spec, most int) string {
	prompt, flags := Escape(PromptText(spec)), shortenEscaped(Escape(to.Flags), maxFlagsShown)
	if prompt == "" {
		prompt = to.Language.Text("(no prompt)")
	}
	if flags != "" {
		flags = " " + flags
	}
	who := whoText(to)
	room := most - utf8.RuneCountInString("****"+flags+who)
	return "**" + shortenEscaped(prompt, max(room, 1)) + flags + "**" + who
}

// secondsText is a duration of so many milliseconds.
func secondsText(l language.Language, millis int64) string {
	return l.Sprintf("%s s", l.Decimal(float64(millis)/1000, 1))
}

// renderStages are the stages of which the time of a job consists, as its last line tells it.
var renderStages = []string{"load", "encode", "denoise", "decode", "upscale"}

// cardFooter is the last line of a finished card, below what the renderer found out.
func cardFooter(l language.Language, spec picture.Spec, r Result) string {
	parts := []string{
		Escape(spec.Model.Name), l.Sprintf("seed %d", shownSeed(spec)), shownSize(spec, r.Made),
		stepsText(l, spec.Steps),
	}
	took := int64(0)
	for _, stage := range renderStages {
		took += r.Millis[stage]
	}
	if took > 0 {
		parts = append(parts, secondsText(l, took))
	}
	if slices.ContainsFunc(r.Made, func(f queue.File) bool { return f.LowMemory }) {
		parts = append(parts, l.Text("made in parts (low memory)"))
	}
	line := "-# " + strings.Join(append(parts, l.Text("AI-generated")), " · ")
	return strings.TrimPrefix(notesText(l, r.Made)+formsText(l, r.Made)+"\n"+line, "\n")
}

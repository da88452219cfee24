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
		prompt = "(no prompt)"
	}
	line := "**" + shortenEscaped(prompt, maxPromptShown) + "**"
	if to.User != "" {
		line += " — <@" + to.User + ">"
	}
	if kind := origin(to); kind != "" {
		line += " · " + kind
	}
	if to.Draft > 0 {
		line += " · draft"
	}
	return line
}

// origin says what a job was made from, when it was made by a button.
func origin(to Address) string {
	switch to.Verb {
	case "vary":
		return fmt.Sprintf("variation of image %d", max(to.Tile, 1))
	case "region":
		return fmt.Sprintf("variation of a region of image %d", max(to.Tile, 1))
	case "upscale":
		return fmt.Sprintf("upscale of image %d", max(to.Tile, 1))
	case "zoom":
		return fmt.Sprintf("zoomed out from image %d", max(to.Tile, 1))
	case "pan":
		return fmt.Sprintf("panned from image %d", max(to.Tile, 1))
	case "square":
		return fmt.Sprintf("made square from image %d", max(to.Tile, 1))
	case "finish":
		return "finished draft"
	case "reroll", "remix":
		return to.Verb
	}
	return ""
}

// settingsLine is the small line under a finished message.
func settingsLine(l language.Language, spec picture.Spec, files []queue.File) string {
	line := fmt.Sprintf(
		"-# seed %d · %s · %d steps · %s", shownSeed(spec), shownSize(spec, files), spec.Steps, Escape(spec.Model.Name),
	)
	if slices.ContainsFunc(files, func(f queue.File) bool { return f.LowMemory }) {
		line += " · made in parts (low memory)"
	}
	return line + notesText(files) + formsText(l, files)
}

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

// maxFlagsShown is how much of the flags a card shows, in characters.
const maxFlagsShown = 300

// cardHeading is the first text of a card: the prompt with the flags that were used, so that both can be copied, and
// who asked. It has at most so many characters, at the cost of the prompt.
func cardHeading(to Address, spec picture.Spec, most int) string {
	prompt, flags := Escape(PromptText(spec)), shortenEscaped(Escape(to.Flags), maxFlagsShown)
	if prompt == "" {
		prompt = "(no prompt)"
	}
	if flags != "" {
		flags = " " + flags
	}
	who := ""
	if to.User != "" {
		who = " — <@" + to.User + ">"
	}
	if kind := origin(to); kind != "" {
		who += " · " + kind
	}
	if to.Draft > 0 {
		who += " · draft"
	}
	room := most - utf8.RuneCountInString("****"+flags+who)
	return "**" + shortenEscaped(prompt, max(room, 1)) + flags + "**" + who
}

// renderStages are the stages of which the time of a job consists, as its last line tells it.
var renderStages = []string{"load", "encode", "denoise", "decode", "upscale"}

// cardFooter is the last line of a finished card, below what the renderer found out.
func cardFooter(l language.Language, spec picture.Spec, r Result) string {
	parts := []string{
		Escape(spec.Model.Name), fmt.Sprintf("seed %d", shownSeed(spec)), shownSize(spec, r.Made),
		fmt.Sprintf("%d steps", spec.Steps),
	}
	took := int64(0)
	for _, stage := range renderStages {
		took += r.Millis[stage]
	}
	if took > 0 {
		parts = append(parts, fmt.Sprintf("%.1f s", float64(took)/1000))
	}
	if slices.ContainsFunc(r.Made, func(f queue.File) bool { return f.LowMemory }) {
		parts = append(parts, "made in parts (low memory)")
	}
	line := "-# " + strings.Join(append(parts, "AI-generated"), " · ")
	return strings.TrimPrefix(notesText(r.Made)+formsText(l, r.Made)+"\n"+line, "\n")
}

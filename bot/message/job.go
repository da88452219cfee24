package message

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/queue"
	"darkroom/render/phrase"
	"darkroom/render/picture"
)

// RelativeTime is a moment as Discord shows it: relative to now, kept up to date, in the reader's language.
func RelativeTime(t time.Time) string { return "<t:" + strconv.FormatInt(t.Unix(), 10) + ":R>" }

// QueueStatus is what a waiting message says about the queue.
type QueueStatus struct {
	Position int       // 1 is next; 0 when it is not known, because the queue is being filled again
	ETA      time.Time // when the images should be there; zero when it cannot be estimated
	Paused   bool      // the server, the model or everything is paused
	Reason   string    // why it is paused
	Unserved bool      // renderers are online, and none has everything that the job names

	MovedBack phrase.Phrase // why the position is further back than the one shown before
}

// Waiting is the message of a job that waits in the queue.
func Waiting(to Address, spec picture.Spec, job string, s QueueStatus) Message {
	l := to.Language
	state := s.waitingText(l, spec)
	if moved := l.Print(s.MovedBack); moved != "" {
		state += "\n-# " + moved
	}
	return report{to: to, spec: spec, color: ColorWaiting, lines: state, rows: CancelRow(l, job)}.message()
}

// waitingText is the state of a job that waits.
func (s QueueStatus) waitingText(l language.Language, spec picture.Spec) string {
	switch {
	case s.Position <= 0:
		return l.Text("⏳ Waiting: the queue is being rebuilt, your request is safe")
	case s.Paused && s.Reason != "":
		reason := shortenEscaped(Escape(s.Reason), maxPromptShown)
		return l.Sprintf("⏸️ Waiting, #%d in the queue. Paused: %s", s.Position, reason)
	case s.Paused:
		return l.Sprintf("⏸️ Waiting, #%d in the queue. Paused", s.Position)
	case s.Unserved:
		parts := shortenEscaped(Escape(l.Print(picture.AllOf(spec.Parts()))), maxPromptShown)
		return l.Sprintf("⏳ Waiting, #%d in the queue, for a renderer that has %s", s.Position, parts)
	case !s.ETA.IsZero():
		return l.Sprintf("⏳ Waiting, #%d in the queue, ETA %s", s.Position, RelativeTime(s.ETA))
	}
	return l.Sprintf("⏳ Waiting, #%d in the queue", s.Position)
}

// report is a message about a job before it gets its form.
type report struct {
	to    Address
	spec  picture.Spec
	color Color
	lines string // below the prompt
	files []File
	rows  []Row
}

// message is the report in the form of its job's message: a message cannot go from one form to the other.
func (r report) message() Message {
	if !r.to.Card {
		return Message{Content: heading(r.to, r.spec) + "\n" + r.lines, Files: r.files, Rows: r.rows}
	}
	return r.card("", "")
}

// card is the report as a card with a last line and the button beside that.
func (r report) card(footer, more string) Message {
	below := ""
	if r.lines != "" {
		below = "\n" + r.lines
	}
	room := MaxCardText - utf8.RuneCountInString(below) - utf8.RuneCountInString(footer)
	return Message{
		Content: cardHeading(r.to, r.spec, room) + below, Files: r.files, Rows: r.rows,
		Card: &Card{Color: r.color, Footer: footer, More: more},
	}
}

// Rendering is the message of a job that is being rendered, with a preview if there is one.
func Rendering(to Address, spec picture.Spec, job string, percent int, preview []File) Message {
	return report{
		to: to, spec: spec, color: ColorRendering, lines: to.Language.Sprintf("🎨 Generating, %d%%", percent), files: preview,
		rows: CancelRow(to.Language, job),
	}.message()
}

// PreviewDescription is the alternative text of a preview.
func PreviewDescription(l language.Language) string { return l.Text("A preview of the images") }

// Result is what a finished message shows.
type Result struct {
	Files  []File           // to send; none if they are on the message already, which keeps them
	Made   []queue.File     // what is known of each
	Millis map[string]int64 // how long it took, by stage
	Tile   int              // the tile that is shown alone; 0 for all of them
	Used   func(id string) bool
	Shared Link // the message that shows everybody these private images; zero if none does
}

// Finished is the message of a job that is done: its images with their buttons.
func Finished(to Address, spec picture.Spec, job string, r Result) Message {
	for i := range r.Files {
		r.Files[i].Spoiler = to.Spoiler
		r.Files[i].Description = to.Language.Sprintf("Image %d: %s", i+1, spec.Tile(i).Prompt)
	}
	tiles := len(r.Files)
	if tiles == 0 {
		tiles = len(r.Made)
	}
	done := report{to: to, spec: spec, color: ColorDone, lines: sharedLine(to, r), files: r.Files}
	var m Message
	if !to.Card {
		done.lines = strings.TrimSuffix(settingsLine(to.Language, spec, r.Made)+"\n"+done.lines, "\n")
		rows := plainRows(to.Language, spec, job, tiles, r.Tile)
		done.rows = withShare(to, job, r, withFinish(to, job, r.Tile, rows))
		m = done.message()
	} else {
		rows := cardRows(to.Language, spec, job, tiles, r)
		done.rows = withShare(to, job, r, withFinish(to, job, r.Tile, rows))
		m = done.card(cardFooter(to.Language, spec, r), button.ID{Verb: button.More, Job: job, Tile: r.Tile}.String())
	}
	m.KeepFiles = len(r.Files) == 0
	return m
}

// Failed is the message of a job that was given up. reason is a clause for people, such as ReasonInputDamaged. The
// job's id is the reference: it is also in the log.
func Failed(to Address, spec picture.Spec, job, reason string) Message {
	l := to.Language
	what := l.Sprintf("⚠️ Failed: %s.", strings.TrimRight(l.Stored(reason), "."))
	return report{
		to: to, spec: spec, color: ColorFailed, rows: []Row{retryRow(to, spec, job, l.Text("Try again"))},
		lines: what + "\n" + notCounted(l) + " · " + l.Sprintf("reference %s", job),
	}.message()
}

// notCounted is told about a job without images: quotas and fairness do not count it.
func notCounted(l language.Language) string { return "-# " + l.Text("Not counted against your limits") }

// Cancelled is the message of a job that was cancelled.
func Cancelled(to Address, spec picture.Spec, job string) Message {
	return report{
		to: to, spec: spec, color: ColorCancelled, lines: to.Language.Text("🚫 Cancelled") + "\n" + notCounted(to.Language),
		rows: []Row{retryRow(to, spec, job, to.Language.Text("Generate anyway"))},
	}.message()
}

// Reoffer is the message of images that were finished too late to be posted and are no longer stored. Its button
// renders them again: the click brings a new token.
func Reoffer(to Address, spec picture.Spec, job string) Message {
	return report{
		to: to, spec: spec, color: ColorDone,
		lines: to.Language.Text("🖼️ Finished, but too late to be posted. Press Show to generate the same images again."),
		rows: []Row{{{
			Style: Primary, Label: to.Language.Text("Show"), ID: button.ID{Verb: button.Show, Job: job}.String(),
		}}},
	}.message()
}

// InInbox is the message of images that could not be posted.
func InInbox(to Address, spec picture.Spec) Message {
	return report{
		to: to, spec: spec, color: ColorDone,
		lines: to.Language.Text("🖼️ Finished, but I could not post here. The person who asked can open it with /inbox."),
	}.message()
}

// PromptLine is a prompt in a list: shortened and escaped.
func PromptLine(prompt string) string { return Escape(Shorten(prompt, 80)) }

// MovedBackByEpoch is why a position moved back: the queue was filled again.
func MovedBackByEpoch(was int) phrase.Phrase {
	return phrase.Of("It was #%d before the queue was rebuilt.", was)
}

// MovedBackByOthers is why a position moved back: people who have used less render time came in between.
func MovedBackByOthers(was int) phrase.Phrase {
	return phrase.Of("It was #%d: people who have used less render time go first.", was)
}

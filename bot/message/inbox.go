package message

import (
	"strconv"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/phrase"
)

const (
	// MaxInboxListed is how many entries an inbox lists; each has a button, of which five stand in a row.
	MaxInboxListed = 10
	// ShowFromInbox is the argument of a Show button in an inbox: the images come in a message of their own.
	ShowFromInbox = "inbox"
)

// InboxEntry is a job whose end could not be posted.
type InboxEntry struct {
	Job    string
	Title  string    // empty when the job is gone
	Asked  time.Time // when it was asked for
	Shown  bool      // its owner has seen them
	Reason string    // why it could not be posted
	Failed string    // why the job failed; empty if its images are there
}

// Inbox lists entries, each with a button that shows its images if it has any.
func Inbox(l language.Language, entries []InboxEntry) Message {
	if len(entries) == 0 {
		return Message{Content: l.Text("Your inbox is empty: all your images were posted.")}
	}
	lines, rows, shows := []string{l.Text("**Your inbox:** finished, but not posted.")}, []Row{}, 0
	for i, e := range entries {
		if i == MaxInboxListed {
			lines = append(lines, MoreListed(l, len(entries)-MaxInboxListed))
			break
		}
		lines = append(lines, strconv.Itoa(i+1)+". "+e.line(l))
		if e.Failed != "" {
			continue
		}
		if shows%5 == 0 {
			rows = append(rows, Row{})
		}
		shows++
		id := button.ID{Verb: button.Show, Job: e.Job, Arg: ShowFromInbox}
		show := Button{Style: Primary, Label: l.Sprintf("Show %d", i+1), ID: id.String()}
		rows[len(rows)-1] = append(rows[len(rows)-1], show)
	}
	return Message{Content: strings.Join(lines, "\n"), Rows: rows}
}

func (e InboxEntry) line(l language.Language) string {
	if e.Title == "" {
		return e.Job
	}
	line := e.Title + " — " + RelativeTime(e.Asked)
	switch {
	case e.Failed != "":
		reason := Escape(Shorten(strings.TrimRight(l.Stored(e.Failed), "."), 100))
		line += "\n-# " + l.Sprintf("⚠️ Failed: %s. Ask for it again with /imagine.", reason)
	case e.Shown:
		line = l.Sprintf("%s (shown)", line)
	case e.Reason != "":
		line += "\n-# " + Escape(l.Stored(e.Reason))
	}
	return line
}

// InboxNote reminds of images that could not be posted.
func InboxNote(n int) phrase.Phrase {
	return phrase.Count(n, "%d finished request of yours could not be posted. Open it with /inbox.",
		"%d finished requests of yours could not be posted. Open them with /inbox.", n)
}

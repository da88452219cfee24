package message

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/button"
)

const (
	// maxInboxListed is how many entries an inbox lists; each has a button, of which five stand in a row.
	maxInboxListed = 10
	// ShowFromInbox is the argument of a Show button in an inbox: the pictures come in a message of their own.
	ShowFromInbox = "inbox"
)

// InboxEntry is a job whose pictures could be posted nowhere.
type InboxEntry struct {
	Job    string
	Title  string    // empty when the job is gone
	Asked  time.Time // when it was asked for
	Shown  bool      // its owner has seen them
	Reason string    // why they were posted nowhere
}

// Inbox lists entries, each with a button that shows its pictures.
func Inbox(entries []InboxEntry) Message {
	if len(entries) == 0 {
		return Message{Content: "Your inbox is empty: everything I painted for you found its place."}
	}
	lines, rows := []string{"**Your inbox:** painted, but nowhere to be posted."}, []Row{}
	for i, e := range entries {
		if i == maxInboxListed {
			lines = append(lines, MoreListed(len(entries)-maxInboxListed))
			break
		}
		lines = append(lines, strconv.Itoa(i+1)+". "+e.line())
		if i%5 == 0 {
			rows = append(rows, Row{})
		}
		id := button.ID{Verb: button.Show, Job: e.Job, Arg: ShowFromInbox}
		rows[len(rows)-1] = append(rows[len(rows)-1], Button{Style: Primary, Label: "Show " + strconv.Itoa(i+1), ID: id.String()})
	}
	return Message{Content: strings.Join(lines, "\n"), Rows: rows}
}

func (e InboxEntry) line() string {
	if e.Title == "" {
		return e.Job
	}
	line := e.Title + " — " + RelativeTime(e.Asked)
	switch {
	case e.Shown:
		line += " (shown)"
	case e.Reason != "":
		line += "\n-# " + Escape(e.Reason)
	}
	return line
}

// InboxNote reminds of pictures that could be posted nowhere.
func InboxNote(n int) string {
	if n == 1 {
		return "Something I painted for you could be posted nowhere: it waits in /inbox."
	}
	return fmt.Sprintf("%d things I painted for you could be posted nowhere: they wait in /inbox.", n)
}

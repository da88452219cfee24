package message_test

import (
	"fmt"
	"strings"
	"testing"

	"darkroom/bot/language"
	"darkroom/bot/message"
)

func TestInboxListsTenEntries(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 5, 6, 10, 11, 30} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			var entries []message.InboxEntry
			for i := range n {
				entries = append(entries, message.InboxEntry{Job: fmt.Sprintf("%d-0", i)})
			}
			got := message.Inbox(language.Language{}, entries)
			listed, buttons := min(n, 10), 0
			for _, row := range got.Rows {
				buttons += len(row)
				if len(row) > 5 {
					t.Errorf("a row of %d buttons, want at most 5", len(row))
				}
			}
			if buttons != listed {
				t.Errorf("%d buttons, want %d", buttons, listed)
			}
			last, further := fmt.Sprintf("\n%d. ", listed), fmt.Sprintf("\n%d. ", listed+1)
			if !strings.Contains(got.Content, last) || strings.Contains(got.Content, further) {
				t.Errorf("got %q, want %d entries", got.Content, listed)
			}
			if more := message.MoreListed(language.Language{}, n-listed); n > listed && !strings.HasSuffix(got.Content, more) {
				t.Errorf("got %q, want %q at the end", got.Content, more)
			}
		})
	}
}

func TestInboxListsFailedJobsWithoutButton(t *testing.T) {
	t.Parallel()
	got := message.Inbox(language.Language{}, []message.InboxEntry{
		{Job: "1-0", Title: "a boat", Failed: "the model failed.", Reason: message.ReasonUndeliverable},
		{Job: "2-0", Title: "a star", Reason: message.ReasonUndeliverable},
	})
	if len(got.Rows) != 1 || len(got.Rows[0]) != 1 || got.Rows[0][0].Label != "Show 2" {
		t.Errorf("rows: got %+v, want one button, for the second entry", got.Rows)
	}
	if !strings.Contains(got.Content, "Failed: the model failed. Ask for it again") {
		t.Errorf("got %q, want why the first one failed", got.Content)
	}
}

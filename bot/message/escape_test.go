package message_test

import (
	"testing"

	"darkroom/bot/message"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a red boat":             "a red boat",
		"**bold** `code` ||x||":  `\*\*bold\*\* \` + "`code\\`" + ` \|\|x\|\|`,
		"<@123> @everyone":       `\<\@123\> \@everyone`,
		"two\nlines\r\n\u202eev": "two lines ev",
		"zero\u200bwidth":        "zerowidth",
		"(boat:1.2)":             `\(boat\:1.2\)`,
	} {
		if got := message.Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

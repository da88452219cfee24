package sandbox_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// listed is the labels of the open list, the selected one first in brackets.
const listed = `[...document.querySelectorAll('[role="option"]')].map((n) =>
	(n.getAttribute("aria-selected") === "true" ? "> " : "") + n.querySelector("b").textContent).join(", ")`

// clearBox empties the text box.
var clearBox = chromedp.Evaluate[chromedp.Void](`document.querySelector('[aria-label="Message #pictures"]').value = ""`)

func TestPageListsCommands(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", openPage(s)...)
	for typed, want := range map[string]string{
		"/":     "> /imagine, /limits show, /limits reset, /queue",
		"/im":   "> /imagine", // and not /limits, which has it in the middle
		"/lim":  "> /limits show, /limits reset",
		"/show": "> /limits show",
		"/mag":  "> /imagine",
	} {
		runStep(t, ctx, "type "+typed, clearBox, typeInto(box, typed),
			chromedp.WaitVisible(`[role="option"]`))
		if got := evaluate[string](t, ctx, listed); got != want {
			t.Errorf("%s: got %s, want %s", typed, got, want)
		}
	}
}

func TestPageUnknownCommand(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", openPage(s)...)
	runStep(t, ctx, "type what is no command", typeInto(box, "/foo bar"+enter), see("Notice"), screenshot("17-unknown"))
	const want = "There is no command /foo here. Type / to see all commands."
	if got := read(t, ctx, ".ephemeral .text"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const typed = `document.querySelector('[aria-label="Message #pictures"]').value.trim()`
	if got := evaluate[string](t, ctx, typed); got != "/foo bar" {
		t.Errorf("the box holds %q, want what was typed", got)
	}
}

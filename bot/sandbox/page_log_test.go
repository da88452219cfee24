package sandbox_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

// becomes waits until a JavaScript expression is true.
func becomes(expression string) action {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(0))
}

const (
	scrollUp = `(() => { const log = document.getElementById("log"); log.scrollTop = 0; })()`
	isAtTop  = `document.getElementById("log").scrollTop === 0`
	isAtEnd  = `(() => { const log = document.getElementById("log");
		return log.scrollHeight - log.scrollTop - log.clientHeight < 2; })()`
)

// TestPageScrolledUp acts while the newest messages are out of sight: what the user does is seen at once, and others'
// messages are announced.
func TestPageScrolledUp(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	d := s.Defaults()
	say := func(text string) {
		t.Helper()
		if _, err := s.Say(d.Member.ID, d.Channel.ID, text); err != nil {
			t.Fatal(err)
		}
	}
	runStep(t, ctx, "open", append(openPage(s), click("Try /imagine a red boat on a blue sea"), see("V2"))...)
	for i := range 30 {
		say(fmt.Sprint("message ", i))
	}
	up := []action{chromedp.Evaluate[chromedp.Void](scrollUp), becomes(isAtTop)}
	runStep(t, ctx, "see them all", becomes(`document.body.innerText.includes("message 29")`), becomes(isAtEnd))
	runStep(t, ctx, "scroll up", up...)
	say("one more")
	runStep(t, ctx, "see that there is a new message", chromedp.WaitVisible("#pill"), screenshot("14-pill"))
	if got, want := read(t, ctx, "#pill"), "1 new message ↓"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	runStep(t, ctx, "go there", chromedp.Click("#pill"), becomes(isAtEnd), chromedp.WaitNotVisible("#pill"))
	runStep(t, ctx, "press a button above", append(up, click("V2"), becomes(isAtEnd),
		chromedp.WaitVisible(`//*[text()="vary2"]`))...)
	runStep(t, ctx, "send a command from above", append(up, typeInto(box, "/que"+enter), see("Send"), click("Send"),
		becomes(isAtEnd), chromedp.WaitVisible(".ephemeral blockquote"))...)
	runStep(t, ctx, "write a message from above", append(up, typeInto(box, "mine"+enter), becomes(isAtEnd),
		becomes(`document.body.innerText.includes("mine")`))...)
}

// TestPageShowsPressedButtons presses a button whose answer does not come.
func TestPageShowsPressedButtons(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", append(openPage(s), click("Try /imagine a red boat on a blue sea"), see("Quiet"))...)
	const look = `(() => { const c = getComputedStyle(document.querySelector('[aria-label="Quiet"]'));
		return c.filter + c.transform; })()`
	before := evaluate[string](t, ctx, look)
	runStep(t, ctx, "press it", click("Quiet"), chromedp.WaitVisible(`[aria-label="Quiet"][aria-busy]`),
		screenshot("15-pressed"))
	if after := evaluate[string](t, ctx, look); after == before {
		t.Errorf("a pressed button looks like before: %s", after)
	}
}

// TestPageSaysThatACommandIsOnItsWay: a bot that does not answer yet leaves no empty moment.
func TestPageSaysThatACommandIsOnItsWay(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", openPage(s)...)
	s.Gateway.Silence(true)
	runStep(t, ctx, "send a command", typeInto(box, "/que"+enter), see("Send"), click("Send"),
		chromedp.WaitVisible(".sending"), screenshot("16-sending"))
	if got, want := read(t, ctx, ".sending"), "Sending /queue…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	runStep(t, ctx, "see that nobody answers", chromedp.WaitNotPresent(".sending"), see("Notice"))
}

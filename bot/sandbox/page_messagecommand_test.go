package sandbox_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// pressContextMenu sends the event of the context menu key, which has no position, to what a selector finds.
const pressContextMenu = `document.querySelector('[aria-label="Message commands"]').focus();
	document.activeElement.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }))`

const focused = `document.activeElement.textContent || document.activeElement.ariaLabel`

func TestPageOffersMessageCommands(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	d := s.Defaults()
	m, err := s.Say(d.Moderator.ID, d.Channel.ID, "hello")
	if err != nil {
		t.Fatal(err)
	}
	answered := chromedp.WaitVisible(`//*[@class="text" and contains(., "About message ` + m.ID + `")]`)
	dismiss := []action{chromedp.Click(".ephemeral .plain"), chromedp.WaitNotPresent(".ephemeral")}
	runStep(t, ctx, "open", append(openPage(s), see("Message commands"))...)
	runStep(t, ctx, "by its button and the keyboard", append([]action{
		chromedp.Focus(byLabel("Message commands")), chromedp.KeyEvent(enter), chromedp.WaitVisible(`[role="menu"]`),
		screenshot("m1-message-menu"), chromedp.KeyEvent(enter), chromedp.WaitNotPresent(`[role="menu"]`), answered},
		dismiss...)...)
	runStep(t, ctx, "by the context menu key, and close it", chromedp.Evaluate[chromedp.Void](pressContextMenu),
		chromedp.WaitVisible(`[role="menu"]`), chromedp.KeyEvent(escape), chromedp.WaitNotPresent(`[role="menu"]`))
	if got, err := chromedp.Run(ctx, chromedp.Evaluate[string](focused)); err != nil || got != "⋯" {
		t.Errorf("focus after Escape: got %q, %v; want it back on the button", got, err)
	}
}

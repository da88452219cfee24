//go:build cgo

package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// tourEnv names the folder for the images of docs/tour.md. Without it nothing is written:
//
//	DARKROOM_TOUR=docs/tour go test -run TestBrowserTour ./cmd/darkroom
const tourEnv = "DARKROOM_TOUR"

// tour is a walk through what people do, in the order of docs/tour.md.
type tour struct {
	*visitor
	doc string
}

// stop takes an image of the page, which the page in docs must show.
func (t *tour) stop(name string) {
	t.t.Helper()
	file := name + ".webp"
	if !strings.Contains(t.doc, "(tour/"+file+")") {
		t.t.Errorf("docs/tour.md does not show tour/%s", file)
	}
	if _, err := os.Stat(filepath.Join("../../docs/tour", file)); err != nil && os.Getenv(tourEnv) == "" {
		t.t.Errorf("%v: make it with %s=docs/tour", err, tourEnv)
	}
	dir := os.Getenv(tourEnv)
	if dir == "" {
		return
	}
	quality := int64(70)
	data, err := chromedp.Run(t.ctx, func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatWebp, Quality: &quality,
		})
		return r.Data, err
	})
	if err == nil {
		err = os.WriteFile(filepath.Join("../..", dir, file), data, 0o644)
	}
	if err != nil {
		t.t.Errorf("image %s: %v", name, err)
	}
}

// ask types a command with its first option and sends it.
func (t *tour) ask(command, text string) {
	t.t.Helper()
	box := byLabel("Message #pictures")
	t.do("type "+command, chromedp.Click(box), chromedp.SendKeys(box, command), chromedp.WaitVisible(byLabel("Commands")),
		chromedp.KeyEvent("\t"))
	if text != "" {
		t.do("fill in "+text, chromedp.WaitVisible(byLabel("prompt")), chromedp.SendKeys(byLabel("prompt"), text))
	}
	t.do("send it", chromedp.WaitVisible(byLabel("Send")), chromedp.Click(byLabel("Send")))
}

// submit fills in the prompt of the open form and sends it.
func (t *tour) submit(prompt string) {
	t.t.Helper()
	t.do("fill in the form", chromedp.Evaluate[chromedp.Void](`(() => {
		const f = document.querySelector('dialog[open] textarea');
		f.value = `+strconv.Quote(prompt)+`;
		f.dispatchEvent(new Event('input', { bubbles: true }));
		document.querySelector('dialog[open] button[type=submit]').click();
	})()`))
}

// newest waits until the newest message satisfies a condition on its element m, and scrolls to it.
func (t *tour) newest(what, condition string) {
	t.t.Helper()
	t.until(what, `(() => {
		const m = [...document.querySelectorAll('.message')].pop();
		return m && (`+condition+`) && [...m.querySelectorAll('img')].every((i) => i.complete) &&
			(m.scrollIntoView({ block: 'end' }), true);
	})()`)
}

const tourSize = 1000 // width and height of the window

// TestBrowserTour does what docs/tour.md shows, and holds that page to showing all of it.
func TestBrowserTour(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	u := &tour{openBrowser(t, tourSize, tourSize*4/5), string(readFile(t, "../../docs/tour.md"))}
	u.run(typing)
	images := `m.querySelectorAll('.picture').length`

	u.ask("/imagine", "a watercolour of a lighthouse by the sea at sunset --ar 3:2 --seed 11")
	u.newest("see four images", images+` === 4 && /seed 11/.test(m.innerText)`)
	u.stop("grid")

	u.press("U2")
	u.newest("see one alone", images+` === 1 && /Make square/.test(m.innerText)`)
	u.stop("single")
	u.press("🔍 Zoom out 2×")
	u.newest("see more of it", `/zoomed out/.test(m.innerText) && `+images+` === 4`)
	u.stop("zoom")

	u.press("🖌️ Vary (region)")
	u.do("see the form", chromedp.WaitVisible(`dialog[open] fieldset`))
	u.stop("region-form")
	u.do("mark the top", chromedp.Click(byLabel("Top")), chromedp.Click(byLabel("Top left")),
		chromedp.Click(byLabel("Top right")))
	u.submit("a watercolour of a lighthouse by the sea at night")
	u.newest("see what will change", `/The bright part changes/.test(m.innerText) && `+images+` === 1`)
	u.stop("region-question")
	u.press("Paint")
	u.newest("see it changed", `/Vary \(region\)|region/.test(m.innerText) && `+images+` >= 1 && /seed/.test(m.innerText)`)

	u.press("✏️")
	u.do("see the form", chromedp.WaitVisible(`dialog[open] textarea`))
	u.stop("remix-form")
	u.submit("a watercolour of a yellow boat on the sea --seed 3")
	u.newest("see the remix", `/yellow boat/.test(m.innerText) && `+images+` >= 1 && /seed 3/.test(m.innerText)`)

	u.ask("/imagine", "a neon fish at night --draft --seed 5")
	u.newest("see the draft", `/seed 5/.test(m.innerText) && `+images+` === 4`)
	u.stop("draft")
	u.press("Finish")
	u.newest("see it finished", `/neon fish/.test(m.innerText) && !/Finish\n/.test(m.innerText) && `+images+` === 4`)

	u.press("⋯")
	u.until("see what else there is", `!!document.querySelector('[aria-label="ℹ️ Info"]')`)
	u.press("ℹ️ Info")
	u.newest("read the settings", `/Made from/.test(m.innerText)`)
	u.stop("info")

	u.ask("/imagine", "a __colour__ dragon --chaos 50")
	u.newest("read what is wrong", `/Unknown wildcard/.test(m.innerText)`)
	u.stop("refusal")

	u.ask("/imagine", "a pink heart --private --seed 9")
	u.newest("see private images",
		`/seed 9/.test(m.innerText) && /Only you can see this/.test(m.innerText) && `+images+` === 4`)
	u.stop("private")
	u.press("📣 Share")
	u.until("see them shared", `[...document.querySelectorAll('.message')].some((m) => /pink heart/.test(m.innerText) && `+
		`!/Only you can see this/.test(m.innerText) && `+images+` === 4)`)

	for shown, n := "0", 1; shown != "4"; n++ { // a renderer makes the images when it has nothing else to do
		u.askHelp(n)
		shown = u.run(help + `.querySelectorAll('.picture img').length`)
	}
	u.newest("see what the model can paint", images+` === 4 && /Make an image/.test(m.innerText)`)
	u.stop("help")

	u.ask("/settings show", "")
	u.newest("see the settings of the server", `/Only you can see this/.test(m.innerText)`)
	u.ask("/prefer show", "")
	u.newest("see what one prefers", `/Only you can see this/.test(m.innerText) && /suffix/i.test(m.innerText)`)
	u.stop("prefer")

	u.do("speak German", chromedp.SetValue(byLabel("Language of your client"), "de"), chromedp.Evaluate[chromedp.Void](
		`find('Language of your client').dispatchEvent(new Event('change'))`))
	box := byLabel("Message #pictures")
	u.do("type a command", chromedp.Click(box), chromedp.SendKeys(box, "/queu"), chromedp.WaitVisible(byLabel("Commands")))
	u.until("read of it in German", `find('Commands').innerText.includes('Warteschlange')`)
	u.do("take it back", chromedp.KeyEvent("\b\b\b\b\b"))
	u.ask("/imagine", "ein __farbe__ boot")
	u.newest("read German", `/Unbekannte Wildcard|Prompt bearbeiten/.test(m.innerText)`)
	u.ask("/info", "")
	u.newest("read German", `/Heute/.test(m.innerText)`)
	u.stop("german")
}

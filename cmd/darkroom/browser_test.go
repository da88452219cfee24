//go:build cgo

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"darkroom/render/logtest"
)

// screenshotsEnv names a folder for screenshots, for whoever wants to look.
const screenshotsEnv = "DARKROOM_SHOTS"

// visitor is a person with a browser on the page of `darkroom up`.
type visitor struct {
	t   *testing.T
	ctx context.Context
}

// openBrowser starts the whole program in this process, as `make run` does but with more arguments, and a browser of
// this size on its page.
func openBrowser(t *testing.T, width, height int, args ...string) *visitor {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine (Debian: apt-get install chromium)")
	}
	url := startUp(t, t.TempDir(), args...)
	ctx, cancel := context.WithTimeout(context.Background(), 3*testTimeout)
	t.Cleanup(cancel)
	// Chromium refuses to run as root inside its own sandbox, which is where CI and containers are.
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WindowSize(width, height), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true))
	ctx, cancel = chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the first call starts the browser and its context is the browser's life
		t.Fatalf("start chromium: %v", err)
	}
	v := &visitor{t: t, ctx: ctx}
	v.do(
		"open the page", chromedp.EmulateViewport(int64(width), int64(height)), chromedp.Navigate(url),
		chromedp.WaitReady(".status.online"), chromedp.WaitVisible(byLabel("Message #pictures")),
	)
	return v
}

// startUp runs `darkroom up` until the test ends and returns its page's address.
func startUp(t *testing.T, data string, args ...string) string {
	t.Helper()
	lib := library(t)
	ctx, stop := context.WithCancel(context.Background())
	var out, log logtest.Buffer
	ended := make(chan int, 1)
	getenv := func(key string) string {
		if key == "ONNXRUNTIME_LIB" {
			return lib
		}
		return ""
	}
	go func() {
		ended <- run(ctx, environment{
			args:    append([]string{"up", "--listen", "127.0.0.1:0", "--data", data}, args...),
			getenv:  getenv,
			environ: programEnv(),
			stdout:  &out,
			stderr:  &log,
		})
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != exitOK {
			t.Errorf("darkroom up ended with %d, want %d", code, exitOK)
		}
		if t.Failed() {
			t.Logf("log of darkroom up:\n%s", tail(log.String(), 60))
		}
	})
	for deadline := time.Now().Add(testTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String()); url != "" {
			return url
		}
	}
	t.Fatalf("darkroom up printed no link:\n%s\n%s", out.String(), log.String())
	return ""
}

type step = chromedp.Action[chromedp.Void]

func (v *visitor) do(what string, steps ...step) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, testTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.screenshot("failed")
		v.t.Fatalf("%s: %v", what, err)
	}
}

// byLabel finds what has this accessible name.
func byLabel(label string) string { return `[aria-label="` + label + `"]` }

// until waits for a JavaScript expression to be true.
func (v *visitor) until(what, expression string) {
	v.t.Helper()
	v.do(
		what,
		chromedp.Poll[chromedp.Void](
			expression, chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(0),
		),
	)
}

// waitGalleries waits until n messages show four finished images.
func (v *visitor) waitGalleries(what string, n int) {
	v.t.Helper()
	v.until(what,
		`[...document.querySelectorAll('.message')].filter(m => m.querySelector('[aria-label^="Open picture 4"]') && `+
			`m.querySelector('[data-custom*=":single:"]')).length === `+strconv.Itoa(n))
}

// press clicks a button of the newest message that has it.
func (v *visitor) press(label string) {
	v.t.Helper()
	v.do("press "+label, chromedp.Evaluate[chromedp.Void](
		`[...document.querySelectorAll('.message [data-custom]')].filter(b => b.getAttribute('aria-label') === `+
			strconv.Quote(label)+
			`).pop().click()`))
}

func (v *visitor) screenshot(file string) {
	dir := os.Getenv(screenshotsEnv)
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(v.ctx, testTimeout)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, file+".png"), png, 0o644)
	}
	if err != nil {
		v.t.Errorf("screenshot %s: %v", file, err)
	}
}

func TestBrowserUsesEveryButton(t *testing.T) {
	v := openBrowser(t, 1180, 1000)
	v.screenshot("1-welcome")
	v.do("type the command", chromedp.SendKeys(byLabel("Message #pictures"), "/ima\t"),
		chromedp.WaitVisible(byLabel("prompt")),
		chromedp.SendKeys(byLabel("prompt"), "a red boat on a blue sea --seed 7\r"))
	v.until(
		"see it wait or being painted",
		`/Waiting|Generating|seed 7/.test(document.querySelector('[aria-label="Messages in #pictures"]').innerText)`,
	)
	v.screenshot("2-waiting")
	v.waitGalleries("see four pictures", 1)
	v.screenshot("3-pictures")

	v.press("🔄")
	v.waitGalleries("see the reroll", 2)
	v.press("V2")
	v.waitGalleries("see the variations", 3)
	v.until("read where they came from", `document.body.innerText.includes('variation of image 2')`)
	v.press("U3")
	v.until("see one picture alone", `document.querySelectorAll('[data-custom*=":upscale:"]').length === 3`)
	v.press("Upscale (subtle)")
	v.until(
		"see it enlarged",
		`document.body.innerText.includes('upscale of image 3') && document.body.innerText.includes('256×256')`,
	)
	v.screenshot("4-upscaled")
	v.press("🔍 Zoom out 2×")
	v.waitGalleries("see what lies around it", 4)
	v.until("read where it came from", `document.body.innerText.includes('zoomed out from image 1')`)
	v.press("⬅️")
	v.waitGalleries("see what lies to the left of it", 5)
	v.until("read where that came from", `document.body.innerText.includes('panned from image 1')`)
	v.screenshot("7-around")
	v.until("see what each answer came from", `!document.body.innerText.includes('a message that was deleted')`)

	v.press("✏️")
	v.do("see the form", chromedp.WaitVisible(`dialog[open]`))
	v.screenshot("5-form")
	filled, err := chromedp.Run(
		v.ctx, chromedp.Evaluate[string](`document.querySelector('dialog[open] textarea, dialog[open] input').value`),
	)
	if err != nil || !strings.Contains(filled, "a red boat on a blue sea") {
		t.Errorf("the form holds %q, %v; want the prompt filled in", filled, err)
	}
	v.do("change the words", chromedp.Evaluate[chromedp.Void](
		`(() => { const f = document.querySelector('dialog[open] textarea, dialog[open] input'); `+
			`f.value = 'a yellow star in the night sky'; f.dispatchEvent(new Event('input', {bubbles: true})); `+
			`document.querySelector('dialog[open] button[type=submit]').click() })()`))
	v.until("see the remix",
		`[...document.querySelectorAll('.message')].some(m => m.innerText.includes('a yellow star in the night sky') && `+
			`m.querySelector('[aria-label^="Open picture"]') && m.querySelector('[data-custom*=":remix:"]'))`)
	v.press("⋯")
	v.until("see what else there is", `!!document.querySelector('[aria-label="ℹ️ Info"]')`)
	v.press("ℹ️ Info")
	v.until("read the settings", `/Steps 12, .*Only you can see this/s.test(document.body.innerText)`)
	v.screenshot("6-remix")

	const deletable = `document.querySelectorAll('[data-custom*=":more:"][aria-label="⋯"]').length`
	before, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](deletable))
	if err != nil {
		t.Fatal(err)
	}
	v.press("❌ Delete")
	v.until("be asked", `document.body.innerText.includes('Delete that message with its images?')`)
	v.press("Delete")
	v.until("see the message go", deletable+` === `+strconv.Itoa(before-1))
}

func TestBrowserFirstPictureIsOneClickAway(t *testing.T) {
	v := openBrowser(t, 1180, 1000)
	v.do("click an example", chromedp.Click(`[aria-label^="Try /imagine"]`))
	v.waitGalleries("see four pictures", 1)
}

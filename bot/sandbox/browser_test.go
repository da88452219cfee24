package sandbox_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

// browser opens a headless Chromium with this window size, or skips the test. Chromium runs without its own sandbox,
// because tests run as root in containers.
func browser(t *testing.T, width, height int) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no chromium on this machine (Debian: apt-get install chromium)")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WindowSize(width, height))
	for _, name := range []string{
		"disable-background-networking", "disable-component-update", "disable-dev-shm-usage", "hide-scrollbars"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, stop := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	failOnPageErrors(t, ctx)
	t.Cleanup(stop)
	return ctx
}

// failOnPageErrors fails the test if a script on the page fails or the page violates its security policy.
func failOnPageErrors(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := chromedp.Do(ctx); err != nil { // starts the browser
		t.Fatalf("start chromium: %v", err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			if m.IsException() || m.Source == "security" {
				t.Errorf("the page: %s (%s:%d)", m.Text, m.URL, m.Line)
			}
		}
	}()
}

// screenshot saves a screenshot if SANDBOX_SHOTS is a folder.
func screenshot(name string) action {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		dir := os.Getenv("SANDBOX_SHOTS")
		if dir == "" {
			return nil
		}
		png, err := chromedp.CaptureScreenshot()(ctx, tab)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	})
}

type action = chromedp.Action[chromedp.Void]

// read returns the text of an element.
func read(t *testing.T, ctx context.Context, selector string) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Text(selector))
	if err != nil {
		t.Fatalf("read %s: %v", selector, err)
	}
	return text
}

// byLabel selects the element with this accessible name.
func byLabel(label string) string { return `[aria-label="` + label + `"]` }

// frozenClock returns a clock that stands still, so that a slow machine does not exceed the three seconds.
func frozenClock() func() time.Time {
	at := time.Now()
	return func() time.Time { return at }
}

// startEchoBot starts a sandbox with the echo bot.
func startEchoBot(t *testing.T, step chan struct{}) *sandbox.Sandbox {
	s := sandboxtest.Start(t, sandbox.Options{Examples: examples, Title: "darkroom", Now: frozenClock()})
	s.Rules().Allow("null-list") // discordgo writes null for empty lists
	bot := &echoBot{t: t, step: step}
	d := connect(t, s, bot.handle)
	if _, err := d.ApplicationCommandBulkOverwrite(s.AppID(), "", bot.commands()); err != nil {
		t.Fatal(err)
	}
	return s
}

// runStep runs the actions of one step of a test, within stepTimeout.
func runStep(t *testing.T, ctx context.Context, what string, actions ...action) {
	t.Helper()
	step, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for _, a := range actions {
		err := chromedp.Do(step, a)
		for redrawn(err) && step.Err() == nil {
			err = chromedp.Do(step, a)
		}
		if err != nil {
			chromedp.Do(ctx, screenshot("failed")) // best effort: the test fails anyway
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// redrawn reports whether the page replaced an element after it was found and before it was used, so that the action
// did nothing.
func redrawn(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Could not find node with given id")
}

// browserTimeout is the limit of one test. A machine under load starts a browser slowly.
const browserTimeout = 8 * time.Minute

// stepTimeout is the limit of one step.
const stepTimeout = 3 * time.Minute

// fadeIn is the time in which a picture appears, before a screenshot.
const fadeIn = 50 * time.Millisecond

// Keys.
const (
	enter  = "\r"
	escape = "\x1b"
)

// The actions below find an element by its accessible name.

func see(label string) action { return chromedp.WaitVisible(byLabel(label)) }

func gone(label string) action { return chromedp.WaitNotPresent(byLabel(label)) }

func click(label string) action { return chromedp.Click(byLabel(label)) }

func typeInto(label, text string) action { return chromedp.SendKeys(byLabel(label), text) }

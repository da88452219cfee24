package sandbox_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

// browser opens a headless Chromium of this window size, or skips the test.
// No sandbox inside it: tests run as root in containers.
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
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(width, height), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	failOnPageErrors(t, ctx)
	t.Cleanup(stop)
	return ctx
}

// failOnPageErrors fails the test when a script on the page fails, or when the page's
// policy forbids something.
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

// screenshot keeps a screenshot when SANDBOX_SHOTS names a folder.
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

// byLabel finds what has this accessible name.
func byLabel(label string) string { return `[aria-label="` + label + `"]` }

// frozenClock is a clock that stands, so that a slow machine does not miss the three seconds.
func frozenClock() func() time.Time {
	at := time.Now()
	return func() time.Time { return at }
}

// startEchoBot is a sandbox with the echo bot on it.
func startEchoBot(t *testing.T, step chan struct{}) *sandbox.Sandbox {
	s := sandboxtest.Start(t, sandbox.Options{Examples: examples, Title: "darkroom", Now: frozenClock()})
	s.Rules().Allow("null-list") // discordgo writes null for lists it has not got
	bot := &echoBot{t: t, step: step}
	d := connect(t, s, bot.handle)
	if _, err := d.ApplicationCommandBulkOverwrite(s.AppID(), "", bot.commands()); err != nil {
		t.Fatal(err)
	}
	return s
}

// runStep takes one step of a story on the page; stuck is how long it may take.
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
			chromedp.Do(ctx, screenshot("failed")) // to help whoever looks; the test fails anyway
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// redrawn says that the page drew an element anew between its being found and its being used, so that nothing was done.
func redrawn(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Could not find node with given id")
}

const stepTimeout = time.Minute

const enter = "\r"

func TestPage(t *testing.T) {
	t.Parallel()
	step := make(chan struct{}, 8)
	s := startEchoBot(t, step)
	ctx := browser(t, 1180, 860)

	runStep(t, ctx, "open", chromedp.Navigate(s.URL()), chromedp.WaitVisible(byLabel("Message #pictures")), chromedp.WaitVisible(".lamp.on"),
		chromedp.WaitVisible(byLabel("Try /imagine a red boat on a blue sea")), screenshot("1-welcome"))

	runStep(t, ctx, "type a slash", chromedp.SendKeys(byLabel("Message #pictures"), "/"), chromedp.WaitVisible(byLabel("/limits show")), screenshot("2-slash"))
	runStep(t, ctx, "choose a command", chromedp.SendKeys(byLabel("Message #pictures"), "ima\t"), chromedp.WaitVisible(byLabel("prompt")),
		chromedp.SendKeys(byLabel("prompt"), "a lighthouse at dusk"), chromedp.Click(byLabel("Add option sampler")), chromedp.WaitVisible(byLabel("Euler a")), screenshot("3-options"),
		chromedp.Click(byLabel("Euler a")), chromedp.SendKeys(byLabel("sampler"), enter))
	runStep(t, ctx, "see it think", chromedp.WaitVisible(".thinking"), screenshot("4-thinking"))
	step <- struct{}{}
	runStep(t, ctx, "see a preview", chromedp.WaitVisible(byLabel("Open picture 1: preview.png")), chromedp.WaitVisible(byLabel("Cancel")), screenshot("5-preview"))
	step <- struct{}{}
	runStep(t, ctx, "see four pictures", chromedp.WaitVisible(byLabel("Open picture 4: picture-4.png")), chromedp.WaitVisible(byLabel("V2")), chromedp.Sleep(fadeIn), screenshot("6-pictures"))

	runStep(t, ctx, "press a button", chromedp.Click(byLabel("V2")), chromedp.WaitVisible(`//*[text()="vary2"]`))
	runStep(t, ctx, "open a picture", chromedp.Click(byLabel("Open picture 2: picture-2.png")), chromedp.WaitVisible(byLabel("Picture")), screenshot("7-lightbox"),
		chromedp.KeyEvent("\x1b"), chromedp.WaitNotPresent(byLabel("Picture")))
	runStep(t, ctx, "send a form", chromedp.Click(byLabel("✏️")), chromedp.WaitVisible(`dialog[aria-label="Remix"]`), screenshot("8-form"),
		chromedp.SendKeys(byLabel("Prompt"), ", at night"), chromedp.Click(`dialog button[type="submit"]`),
		chromedp.WaitVisible(`//*[contains(text(), "Remixed: a red boat on a blue sea, at night")]`))
	runStep(t, ctx, "see and dismiss a private answer", chromedp.Click(byLabel("ℹ️")), chromedp.WaitVisible(".ephemeral pre"), screenshot("9-private"),
		chromedp.Click(".ephemeral .plain"), chromedp.WaitNotPresent(".ephemeral"))
	runStep(t, ctx, "hear of an unanswered button", chromedp.Click(byLabel("Quiet")), chromedp.WaitVisible(".toast"))
	if text := read(t, ctx, ".toast"); text != "This interaction failed." {
		t.Errorf("got %q, want \"This interaction failed.\"", text)
	}
	runStep(t, ctx, "escape what people type", chromedp.SendKeys(byLabel("Message #pictures"), "/que"+enter), chromedp.WaitVisible(byLabel("Send")), chromedp.Click(byLabel("Send")),
		chromedp.WaitVisible(".ephemeral blockquote"))
	if text := read(t, ctx, ".ephemeral blockquote"); text != "<b>quiet</b> here, @vivian" {
		t.Errorf("got %q, want markup as text and the name of the mentioned", text)
	}
	runStep(t, ctx, "be somebody else", chromedp.Click(byLabel("Be ansel")), chromedp.WaitNotPresent(".ephemeral"), chromedp.WaitNotPresent(byLabel("Delete message")),
		chromedp.Click(byLabel("Thread contact sheet")), chromedp.WaitVisible(byLabel("Message contact sheet")),
		chromedp.Click(byLabel("Direct message with darkroom")), chromedp.WaitVisible(byLabel("Message @darkroom")))
	runStep(t, ctx, "press an example", chromedp.Click(byLabel("Try /imagine a yellow house under the moon")), chromedp.WaitVisible(".thinking"))
	step <- struct{}{}
	step <- struct{}{}
	runStep(t, ctx, "see its pictures", chromedp.WaitVisible(byLabel("Open picture 4: picture-4.png")), screenshot("10-dm"))
}

// browserTimeout bounds one page test; a loaded machine starts a browser slowly.
const browserTimeout = 4 * time.Minute

// fadeIn is long enough for a picture to fade in before a screenshot.
const fadeIn = 50 * time.Millisecond

func TestPageOnAPhone(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 390, 780)
	runStep(t, ctx, "open", chromedp.EmulateViewport(390, 780), chromedp.Navigate(s.URL()), chromedp.WaitVisible(byLabel("Try /imagine two green trees in the snow")), screenshot("p1-welcome"),
		chromedp.Click(byLabel("Show channels")), chromedp.WaitVisible(byLabel("Be ansel")), chromedp.Sleep(5*fadeIn), screenshot("p2-drawer"),
		chromedp.Click(byLabel("Channel pictures")), chromedp.Click(byLabel("Try /imagine two green trees in the snow")),
		chromedp.WaitVisible(byLabel("Open picture 4: picture-4.png")), screenshot("p3-pictures"),
		chromedp.SendKeys(byLabel("Message #pictures"), "/imagine "), chromedp.WaitVisible(byLabel("prompt")), screenshot("p4-options"))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		t.Errorf("got %v, %v; the page must not be wider than the phone", wide, err)
	}
}

func TestPageReconnects(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", chromedp.Navigate(s.URL()), chromedp.WaitVisible(".lamp.on"))
	s.Gateway.Drop()
	runStep(t, ctx, "see the bot return", chromedp.WaitVisible(".lamp.on"))
	if _, err := s.Say(s.Defaults().Member.ID, s.Defaults().Channel.ID, "hello **there** <script>alert(1)</script> ||secret||"); err != nil {
		t.Fatal(err)
	}
	runStep(t, ctx, "see a message", chromedp.WaitVisible(".message strong"), chromedp.Click(byLabel("Show spoiler")), chromedp.WaitVisible(".spoiler.shown"))
	if text, want := read(t, ctx, ".message .text"), "hello there <script>alert(1)</script> secret"; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestPageUploads(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	picture := filepath.Join(t.TempDir(), "start.png")
	if err := os.WriteFile(picture, square(64), 0o600); err != nil {
		t.Fatal(err)
	}
	runStep(t, ctx, "open", chromedp.Navigate(s.URL()), chromedp.WaitVisible(".lamp.on"), chromedp.SendKeys(byLabel("Message #pictures"), "/imagine "),
		chromedp.WaitVisible(byLabel("prompt")), chromedp.SendKeys(byLabel("prompt"), "a boat"))
	runStep(t, ctx, "add a picture", chromedp.Click(byLabel("Add option init_image")), chromedp.WaitReady(byLabel("init_image")),
		chromedp.SetUploadFiles(byLabel("init_image"), []string{picture}), chromedp.WaitVisible(".chosen img"), chromedp.Click(byLabel("Add option spoiler")),
		chromedp.SetValue(byLabel("spoiler"), "true"), screenshot("12-upload"), chromedp.Click(byLabel("Send")))
	runStep(t, ctx, "see covered pictures", chromedp.WaitVisible(byLabel("Show spoiler 1: SPOILER_picture-1.png")), screenshot("13-spoiler"),
		chromedp.Click(byLabel("Show spoiler 1: SPOILER_picture-1.png")), chromedp.WaitVisible(byLabel("Open picture 1: SPOILER_picture-1.png")))
	if got, want := read(t, ctx, ".message .text strong"), "from start.png: a boat"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	runStep(t, ctx, "hear what is missing", chromedp.SendKeys(byLabel("Message #pictures"), "/imagine "), chromedp.WaitVisible(byLabel("prompt")), chromedp.Click(byLabel("Send")),
		chromedp.WaitVisible(".fault"))
	if got, want := read(t, ctx, ".fault"), "prompt is required."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// serve serves a sandbox on an address until stop is called.
func serve(t *testing.T, addr, dir string) (s *sandbox.Sandbox, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s, err = sandbox.New(sandbox.Options{DataDir: dir, Listener: ln, Examples: examples})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, nil) }()
	return s, sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Errorf("stop sandbox: %v", err)
		}
	})
}

func TestPageSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := serve(t, "127.0.0.1:0", dir)
	ctx := browser(t, 1000, 700)
	if _, err := s.Say(s.Defaults().Member.ID, s.Defaults().Channel.ID, "still **here**"); err != nil {
		t.Fatal(err)
	}
	runStep(t, ctx, "open", chromedp.Navigate(s.URL()), chromedp.WaitVisible(".message strong"))
	stop()
	runStep(t, ctx, "see that it is gone", chromedp.WaitVisible("#banner"), screenshot("11-lost"))
	s, stop = serve(t, strings.TrimPrefix(s.URL(), "http://"), dir)
	defer stop()
	runStep(t, ctx, "see that it is back", chromedp.WaitNotVisible("#banner"), chromedp.WaitVisible(".message strong"))
	if _, err := s.Say(s.Defaults().Member.ID, s.Defaults().Channel.ID, "and *more*"); err != nil {
		t.Fatal(err)
	}
	runStep(t, ctx, "hear what comes next", chromedp.WaitVisible(".message em"))
}

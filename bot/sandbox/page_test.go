package sandbox_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"darkroom/bot/sandbox"
)

// box is the accessible name of the text box in the first channel.
const box = "Message #pictures"

// openPage opens the page and waits until the bot is online.
func openPage(s *sandbox.Sandbox) []action {
	return []action{chromedp.Navigate(s.URL()), chromedp.WaitVisible(".status.online")}
}

func TestPage(t *testing.T) {
	t.Parallel()
	step := make(chan struct{}, 8)
	s := startEchoBot(t, step)
	ctx := browser(t, 1180, 860)
	runStep(t, ctx, "open", append(openPage(s), see(box), see("Try /imagine a red boat on a blue sea"),
		screenshot("1-welcome"))...)
	useCommand(t, ctx, step)
	useComponents(t, ctx)
	runStep(t, ctx, "escape what users type", typeInto(box, "/que"+enter), see("Send"), click("Send"),
		chromedp.WaitVisible(".ephemeral blockquote"))
	if text := read(t, ctx, ".ephemeral blockquote"); text != "<b>quiet</b> here, @vivian" {
		t.Errorf("got %q, want markup as text and the name of the mentioned user", text)
	}
	runStep(t, ctx, "switch to another user", click("Switch to ansel"), chromedp.WaitNotPresent(".ephemeral"),
		gone("Delete message"), click("Thread contact sheet"), see("Message contact sheet"),
		click("Direct message with darkroom"), see("Message @darkroom"))
	runStep(t, ctx, "click an example", click("Try /imagine a yellow house under the moon"),
		chromedp.WaitVisible(".thinking"))
	step <- struct{}{}
	step <- struct{}{}
	runStep(t, ctx, "see its pictures", see("Open picture 4: picture-4.png"), screenshot("10-dm"))
}

// useCommand runs /imagine with an option that has autocomplete, and waits for its pictures.
func useCommand(t *testing.T, ctx context.Context, step chan struct{}) {
	t.Helper()
	runStep(t, ctx, "type a slash", typeInto(box, "/"), chromedp.WaitVisible(`[aria-label^="/limits show "]`),
		screenshot("2-slash"))
	runStep(t, ctx, "choose a command", typeInto(box, "ima\t"), see("prompt"), typeInto("prompt", "a lighthouse at dusk"),
		click("Add option sampler"), see("Euler a"), screenshot("3-options"), click("Euler a"), typeInto("sampler", enter))
	runStep(t, ctx, "see that the bot is thinking", chromedp.WaitVisible(".thinking"), screenshot("4-thinking"))
	step <- struct{}{}
	runStep(t, ctx, "see a preview", see("Open picture 1: preview.png"), see("Cancel"), screenshot("5-preview"))
	step <- struct{}{}
	runStep(t, ctx, "see four pictures", see("Open picture 4: picture-4.png"), see("V2"), chromedp.Sleep(fadeIn),
		screenshot("6-pictures"))
}

// useComponents uses what is under a message with pictures.
func useComponents(t *testing.T, ctx context.Context) {
	t.Helper()
	runStep(t, ctx, "click a button", click("V2"), chromedp.WaitVisible(`//*[text()="vary2"]`))
	runStep(t, ctx, "open a picture", click("Open picture 2: picture-2.png"), see("Picture"), screenshot("7-lightbox"),
		chromedp.KeyEvent(escape), gone("Picture"))
	runStep(t, ctx, "submit a modal", click("✏️"), chromedp.WaitVisible(`dialog[aria-label="Remix"]`),
		screenshot("8-form"), typeInto("Prompt", ", at night"), chromedp.Click(`dialog button[type="submit"]`),
		chromedp.WaitVisible(`//*[contains(text(), "Remixed: a red boat on a blue sea, at night")]`))
	runStep(t, ctx, "see and dismiss an ephemeral message", click("ℹ️"), chromedp.WaitVisible(".ephemeral pre"),
		screenshot("9-ephemeral"), chromedp.Click(".ephemeral .plain"), chromedp.WaitNotPresent(".ephemeral"))
	runStep(t, ctx, "see that a click got no response", click("Quiet"), chromedp.WaitVisible(".toast"))
	if text := read(t, ctx, ".toast"); text != "This interaction failed." {
		t.Errorf("got %q, want \"This interaction failed.\"", text)
	}
}

// TestPageEnterInAutocomplete sends a command from a field with autocomplete before the page asks the bot for choices.
func TestPageEnterInAutocomplete(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700) // fails the test if a script fails
	runStep(t, ctx, "open", openPage(s)...)
	runStep(t, ctx, "open a command", typeInto(box, "/imagine "), see("prompt"), typeInto("prompt", "a boat"),
		click("Add option sampler"), see("sampler"))
	// A script types and presses Enter within the pause after which the page asks for choices.
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(() => {
		const input = document.querySelector('[aria-label="sampler"]');
		input.value = "ddim";
		input.dispatchEvent(new Event("input"));
		input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
		return true;
	})()`))
	if err != nil {
		t.Fatal(err)
	}
	runStep(t, ctx, "see the text box and the pictures", see(box), see("Open picture 4: picture-4.png"),
		chromedp.Sleep(10*fadeIn))
}

// unnamedText lists the elements whose accessible name does not contain the text that they show (WCAG 2.5.3). It
// ignores punctuation, and text that is hidden from screen readers.
const unnamedText = `(() => {
	const plain = (s) => s.toLowerCase().replace(/[^\p{L}\p{N}\/#@]+/gu, " ").trim();
	const shown = (node) => node.nodeType === Node.TEXT_NODE ? node.textContent
		: node.getAttribute?.("aria-hidden") === "true" ? "" : [...node.childNodes].map(shown).join("");
	return [...document.querySelectorAll("button[aria-label], a[aria-label], [role=option][aria-label]")]
		.filter((n) => !plain(n.getAttribute("aria-label")).includes(plain(shown(n))))
		.map((n) => n.getAttribute("aria-label") + " shows " + shown(n)).join("; ");
})()`

func TestPageAccessibleNames(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	check := func(where string) {
		t.Helper()
		if got, err := chromedp.Run(ctx, chromedp.Evaluate[string](unnamedText)); err != nil || got != "" {
			t.Errorf("%s: got %v, names without the text that the page shows: %s", where, err, got)
		}
	}
	runStep(t, ctx, "open", append(openPage(s), click("Try /imagine two green trees in the snow count 4"),
		see("Open picture 4: picture-4.png"), click("V2"), chromedp.WaitVisible(".context.jump"))...)
	check("messages")
	runStep(t, ctx, "open the list of commands", click("Show commands"), chromedp.WaitVisible(`[role="option"]`))
	check("commands")
	runStep(t, ctx, "open a command", typeInto(box, "imagine "), see("Add option sampler"), click("Add option sampler"),
		see("Euler a"))
	check("options")
}

func TestPageOnAPhone(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 390, 780)
	const example = "Try /imagine two green trees in the snow count 4"
	runStep(t, ctx, "open", chromedp.EmulateViewport(390, 780), chromedp.Navigate(s.URL()), see(example),
		screenshot("p1-welcome"), click("Show channels"), see("Switch to ansel"), chromedp.Sleep(5*fadeIn),
		screenshot("p2-sidebar"), chromedp.KeyEvent(escape), chromedp.WaitNotPresent(".app.open"), click("Show channels"),
		see("Switch to ansel"), click("Channel pictures"), click(example), see("Open picture 4: picture-4.png"),
		screenshot("p3-pictures"), typeInto(box, "/imagine "), see("prompt"), screenshot("p4-options"))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		t.Errorf("got %v, %v; the page must not be wider than the phone", wide, err)
	}
}

func TestPageReconnects(t *testing.T) {
	t.Parallel()
	s := startEchoBot(t, nil)
	ctx := browser(t, 1000, 700)
	runStep(t, ctx, "open", openPage(s)...)
	s.Gateway.Drop()
	runStep(t, ctx, "see the bot return", chromedp.WaitVisible(".status.online"))
	const text = "hello **there** <script>alert(1)</script> ||secret||"
	if _, err := s.Say(s.Defaults().Member.ID, s.Defaults().Channel.ID, text); err != nil {
		t.Fatal(err)
	}
	runStep(t, ctx, "see a message", chromedp.WaitVisible(".message strong"), click("Show spoiler"),
		chromedp.WaitVisible(".spoiler.shown"))
	if got, want := read(t, ctx, ".message .text"), "hello there <script>alert(1)</script> secret"; got != want {
		t.Errorf("got %q, want %q", got, want)
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
	runStep(t, ctx, "open", openPage(s)...)
	runStep(t, ctx, "open a command", typeInto(box, "/imagine "), see("prompt"), typeInto("prompt", "a boat"))
	runStep(t, ctx, "add a picture", click("Add option init_image"), chromedp.WaitReady(byLabel("init_image")),
		chromedp.SetUploadFiles(byLabel("init_image"), []string{picture}), chromedp.WaitVisible(".chosen img"),
		click("Add option spoiler"), chromedp.SetValue(byLabel("spoiler"), "true"), screenshot("12-upload"), click("Send"))
	runStep(t, ctx, "see covered pictures", see("Show spoiler 1: SPOILER_picture-1.png"), screenshot("13-spoiler"),
		click("Show spoiler 1: SPOILER_picture-1.png"), see("Open picture 1: SPOILER_picture-1.png"))
	if got, want := read(t, ctx, ".message .text strong"), "from start.png: a boat"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	runStep(t, ctx, "see what is missing", typeInto(box, "/imagine "), see("prompt"), click("Send"),
		chromedp.WaitVisible(".error"))
	if got, want := read(t, ctx, ".error"), "prompt is required."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// serve runs a sandbox on an address until stop is called.
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
	say := func(text string) {
		if _, err := s.Say(s.Defaults().Member.ID, s.Defaults().Channel.ID, text); err != nil {
			t.Fatal(err)
		}
	}
	say("still **here**")
	runStep(t, ctx, "open", chromedp.Navigate(s.URL()), chromedp.WaitVisible(".message strong"))
	stop()
	runStep(t, ctx, "see that the connection is lost", chromedp.WaitVisible("#banner"),
		chromedp.WaitNotPresent(".status.online"), typeInto(box, "hello?"+enter), chromedp.WaitVisible(".toast"),
		screenshot("11-lost"))
	if got, want := read(t, ctx, "#status"), "not connected"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := read(t, ctx, ".toast"), "darkroom does not answer. Is it still running?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const covered = `document.querySelector(".toast").getBoundingClientRect().bottom >
		document.getElementById("composer").getBoundingClientRect().top`
	if evaluate[bool](t, ctx, covered) {
		t.Error("the toast covers the composer")
	}
	const kept = `document.querySelector('[aria-label="Message #pictures"]').value.trim() === "hello?"`
	runStep(t, ctx, "find the message that could not be sent", becomes(kept))
	s, stop = serve(t, strings.TrimPrefix(s.URL(), "http://"), dir)
	defer stop()
	runStep(t, ctx, "see that it is back", chromedp.WaitNotVisible("#banner"), chromedp.WaitVisible(".message strong"))
	say("and *more*")
	runStep(t, ctx, "see a new message", chromedp.WaitVisible(".message em"))
}

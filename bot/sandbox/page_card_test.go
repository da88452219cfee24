package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// askForCard runs /card with this many pictures, which may be covered.
func askForCard(count int, spoiler bool) []action {
	steps := []action{typeInto(box, "/card "), see("Add option count"), click("Add option count"), see("count"),
		typeInto("count", fmt.Sprint(count))}
	if spoiler {
		steps = append(steps, click("Add option spoiler"), chromedp.SetValue(byLabel("spoiler"), "true"))
	}
	return append(steps, click("Send"))
}

// cardStyle is the colour of the edge of the first card, and how many columns its gallery has.
const cardStyle = `(() => {
	const card = document.querySelector(".card");
	const columns = getComputedStyle(card.querySelector(".pictures")).gridTemplateColumns.split(" ").length;
	return getComputedStyle(card).borderLeftColor + " " + columns;
})()`

func TestPageShowsCards(t *testing.T) {
	t.Parallel()
	s := startCardBot(t)
	ctx := browser(t, 1180, 900)
	runStep(t, ctx, "open", openPage(s)...)
	runStep(t, ctx, "ask for a card", append(askForCard(4, false), see("Open picture 4: picture-4.png"),
		chromedp.WaitVisible(`.card img[alt="Image 4: a lighthouse at dusk"]`), chromedp.WaitVisible(".card hr"),
		chromedp.WaitVisible(".card small"), chromedp.Sleep(fadeIn), screenshot("c1-card"))...)
	if got, err := chromedp.Run(ctx, chromedp.Evaluate[string](cardStyle)); err != nil || got != "rgb(87, 242, 135) 2" {
		t.Errorf("got %q, %v; want a green edge and two columns", got, err)
	}
	runStep(t, ctx, "open one of its pictures", click("Open picture 2: picture-2.png"), see("Picture"),
		see("Next picture"), chromedp.KeyEvent(escape), gone("Picture"))
	runStep(t, ctx, "press one of its buttons", click("U2"), chromedp.WaitVisible(`//*[text()="up2"]`),
		chromedp.WaitVisible(`//button[contains(@class, "jump") and contains(., "a lighthouse at dusk --ar 1:1")]`))
	for count := 1; count <= 3; count++ {
		runStep(t, ctx, "ask for fewer", append(askForCard(count, true), see("Show spoiler 1: picture-1.png"),
			click("Show spoiler 1: picture-1.png"),
			chromedp.WaitNotPresent(`.message:last-child .covered[aria-label*="1:"]`),
			screenshot(fmt.Sprintf("c2-card-of-%d", count)))...)
	}
}

func TestPageShowsCardsOnAPhone(t *testing.T) {
	t.Parallel()
	s := startCardBot(t)
	ctx := browser(t, 390, 780)
	runStep(t, ctx, "open", append([]action{chromedp.EmulateViewport(390, 780)}, openPage(s)...)...)
	runStep(t, ctx, "ask for a card", append(askForCard(4, false), see("Open picture 4: picture-4.png"), see("U4"),
		screenshot("c3-card-phone"))...)
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`[document.documentElement, document.querySelector(".card")]
		.some((n) => n.scrollWidth > n.clientWidth || n.getBoundingClientRect().right > innerWidth)`))
	if err != nil || wide {
		t.Errorf("got %v, %v; the card must fit the phone", wide, err)
	}
}

//go:build cgo

package main

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// recorder is a script that records what changes before the eyes of a visitor: window.seen gets the text of each
// message, note, notice or form that changes, and the name of each button that begins to look pressed.
const recorder = `(() => {
	window.seen = [];
	const what = (n) => (n.nodeType === Node.TEXT_NODE ? n.parentElement : n)?.closest?.('.message, .sending, dialog');
	new MutationObserver((records) => {
		for (const r of records) {
			if (r.type === 'attributes') {
				if (r.target.hasAttribute('aria-busy') && r.target.matches('.button'))
					seen.push('pressed ' + r.target.getAttribute('aria-label'));
				continue;
			}
			for (const n of [r.target, ...r.addedNodes]) {
				const shown = what(n);
				if (shown) seen.push(shown.innerText + ' ' + shown.querySelectorAll('.picture').length + ' pictures');
			}
		}
	}).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ['aria-busy'] });
})()`

// act does something, and waits until it is followed by these sights (regular expressions), one after the other.
func (v *visitor) act(what string, action step, sights ...string) {
	v.t.Helper()
	list, err := json.Marshal(sights)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(what, chromedp.Evaluate[chromedp.Void](`window.mark = seen.length`), action)
	v.until(what+": see "+string(list), `(() => {
		let at = window.mark;
		for (const sight of `+string(list)+`) {
			const found = seen.slice(at).findIndex((text) => new RegExp(sight, 's').test(text));
			if (found < 0) return false;
			at += found; // one change may show two of them
		}
		return true;
	})()`)
}

// pressNewest presses the newest button with this label that a visitor sees.
func pressNewest(label string) step {
	return chromedp.Evaluate[chromedp.Void](`(() => {
		const label = ` + strconv.Quote(label) + `;
		const b = [...document.querySelectorAll('[data-custom]')].filter((b) => b.ariaLabel === label).pop();
		b.scrollIntoView({ block: 'center' });
		b.click();
	})()`)
}

// fillForm types into the first field of the open form and sends it.
func fillForm(text string) step {
	return chromedp.Evaluate[chromedp.Void](`(() => {
		const form = document.querySelector('dialog[open] form'), field = form.querySelector('textarea, input');
		field.value = ` + strconv.Quote(text) + `;
		form.requestSubmit();
	})()`)
}

const (
	openAllOptions    = `document.querySelectorAll('.add').forEach((b) => b.click())`
	lastOptionIsWhole = `(() => {
		const last = [...document.querySelectorAll('.chip')].pop().getBoundingClientRect();
		const box = document.querySelector('.chips').getBoundingClientRect();
		return last.bottom + 1 <= box.bottom && last.top >= box.top && box.bottom < innerHeight;
	})()`
)

// TestBrowserFirstMinute follows a newcomer from an empty data folder to the fifth picture, on a desktop and on a
// phone. Whatever the newcomer does, something is seen to happen on the way to its result.
func TestBrowserFirstMinute(t *testing.T) {
	for name, size := range map[string][2]int{"desktop": {1180, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			v := openBrowser(t, size[0], size[1])
			v.do("watch", chromedp.Evaluate[chromedp.Void](recorder))
			shot := func(state string) {
				t.Helper()
				v.screenshot("first-" + name + "-" + state)
			}
			shot("01-welcome")

			v.act("click an example", chromedp.Click(`[aria-label^="Try /imagine"]`), `Sending /imagine`,
				`Waiting|Generating`)
			shot("02-asked")
			v.until("see progress", `seen.slice(mark).some((text) => /Generating, \d+%/.test(text))`)
			shot("03-progress")
			v.until("see four pictures", `seen.slice(mark).some((text) => /V4.*seed \d+.* 4 pictures/s.test(text))`)
			shot("04-gallery")

			v.act("press U2", pressNewest("U2"), `pressed U2`, `Upscale \(subtle\).* 1 pictures`)
			shot("05-alone")
			v.act("press V1", pressNewest("V1"), `pressed V1`, `variation of image 1.*(Waiting|Generating)`,
				`Generating, \d+%`, `variation of image 1.*V4.* 4 pictures`)
			shot("06-variations")

			v.act("press Remix", pressNewest("✏️"), `pressed ✏️`, `Remix.*Prompt`)
			shot("07-remix")
			v.act("type a wildcard that is missing", fillForm("a __colour__ boat"), `Unknown wildcard.*Edit prompt`)
			shot("08-refused")
			v.act("press Edit prompt", pressNewest("Edit prompt"), `pressed Edit prompt`, `Edit prompt.*Negative prompt`)
			v.until("find what was typed", `document.querySelector('dialog textarea').value === 'a __colour__ boat'`)
			shot("09-edit")
			v.act("type unknown words", fillForm("a yelow dragon at night"), `remix.*(Waiting|Generating)`,
				`does not know.*yelow, dragon.*yellow for yelow.*What can it paint\?`)
			v.until("see the remix", `seen.slice(mark).some((text) => /dragon.*V4.* 4 pictures/s.test(text))`)
			shot("10-unknown")
			v.act("ask what it can paint", pressNewest("What can it paint?"), `pressed What can it paint\?`,
				`Subjects:.*boat.*Colours:.*Styles:`)
			shot("11-words")

			v.act("press Upscale", pressNewest("Upscale (subtle)"), `pressed Upscale \(subtle\)`,
				`upscale of image 2.*(Waiting|Generating)`, `upscale of image 2.*256×256.* 1 pictures`)
			shot("12-upscaled")
			v.do("open /info", chromedp.SendKeys(byLabel("Message #pictures"), "/info\t"),
				chromedp.WaitVisible(byLabel("/info")))
			v.act("ask what is left", chromedp.Click(byLabel("Send")), `Sending /info`,
				`Today: no limit\. You asked for \d+ images`)
			shot("13-info")
			v.do("open a command", chromedp.SendKeys(byLabel("Message #pictures"), "/im\t"),
				chromedp.WaitVisible(byLabel("prompt")))
			v.do("open all its options", chromedp.Evaluate[chromedp.Void](openAllOptions),
				chromedp.WaitVisible(byLabel("spoiler")))
			v.until("see the last option whole", lastOptionIsWhole)
			shot("14-options")
		})
	}
}

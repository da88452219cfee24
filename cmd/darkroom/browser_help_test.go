//go:build cgo

package main

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// help is the newest message with the menu of topics.
const help = `[...document.querySelectorAll('.message')].filter(
	m => m.querySelector('[data-custom*=":help:topic:"]')).pop()`

// askHelp types /help and waits for its answer.
func (v *visitor) askHelp(n int) {
	v.t.Helper()
	v.do("type /help", chromedp.SendKeys(byLabel("Message #pictures"), "/help\r"))
	v.until("see the answer",
		`document.querySelectorAll('[data-custom*=":help:topic:"]').length === `+strconv.Itoa(n)+` && `+
			help+`.innerText.includes('Make an image')`)
}

// pick picks from a menu of the newest help.
func (v *visitor) pick(menu, value string) {
	v.t.Helper()
	v.do("pick "+value, chromedp.Evaluate[chromedp.Void](`(() => {
		const s = `+help+`.querySelector('select[data-custom*=":`+menu+`:"]');
		s.value = `+strconv.Quote(value)+`;
		s.dispatchEvent(new Event('change', {bubbles: true}));
	})()`))
}

// TestBrowserHelp: /help works before there are images of what the model can paint, shows those that the renderer made
// while it had no job, and its examples make more.
func TestBrowserHelp(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // of a renderer that has made none yet
	v := openBrowser(t, 1180, 1000)
	v.askHelp(1)
	v.want("before there are images", help+`.innerText.includes('Images that it made appear here')`, "true")
	v.screenshot("help-0-before")
	for n := 2; ; n++ {
		v.askHelp(n)
		var images []string
		shown := v.run(`[...` + help + `.querySelectorAll('.picture img')].map(i => i.alt)`)
		if err := json.Unmarshal([]byte(shown), &images); err != nil {
			t.Fatal(err)
		}
		if len(images) == 4 {
			v.want("their prompts are on buttons",
				help+`.querySelector('[data-custom*=":example:"]').innerText`, strconv.Quote(images[0]))
			break
		}
		v.do("wait", chromedp.Sleep(2e9))
	}
	v.until("see the images", `[...`+help+`.querySelectorAll('.picture img')].every(i => i.naturalWidth > 0)`)
	v.screenshot("help-1-start")
	for topic, text := range map[string]string{
		"prompts": "(boat:1.3)", "buttons": "Below one image", "images": "a mask", "models": "postcards",
		"data": "/mydata erase",
	} {
		v.pick("topic", topic)
		v.until("read about "+topic, help+`.innerText.includes(`+strconv.Quote(text)+`)`)
		v.screenshot("help-2-" + topic)
	}
	v.do("as on a phone", chromedp.EmulateViewport(390, 844))
	v.screenshot("help-3-phone-last")
	v.pick("topic", "start")
	v.until("see the start again", help+`.innerText.includes('Make an image')`)
	v.do("look at it", chromedp.Evaluate[chromedp.Void](help+`.scrollIntoView({block: 'end'})`), chromedp.Sleep(5e8))
	v.screenshot("help-4-phone")
	v.want("nothing is wider than the phone", `document.documentElement.scrollWidth <= 390`, "true")
	v.do("press an example", chromedp.Evaluate[chromedp.Void](help+`.querySelector('[data-custom*=":example:"]').click()`))
	v.waitGalleries("see four pictures", 1)
}

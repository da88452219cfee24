//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// typing is a script with what the tests below do in place of a person: keys of an input method, a paste, a drop.
const typing = `(() => {
	window.find = (label) => document.querySelector('[aria-label="' + CSS.escape(label) + '"]');
	window.shown = (label) => !!find(label);
	window.key = (label, key, more) => find(label).dispatchEvent(
		new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
	window.write = (label, text) => {
		const field = find(label);
		field.focus();
		field.value = text;
		field.dispatchEvent(new Event('input', { bubbles: true }));
	};
	window.files = (text, ...names) => {
		const data = new DataTransfer();
		for (const name of names) data.items.add(new File(['x'], name, { type: 'image/png' }));
		if (text) data.setData('text/plain', text);
		return data;
	};
	window.paste = (data) => !document.activeElement.dispatchEvent(
		new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
	window.drop = (selector, data) => ['dragover', 'drop'].map((type) => !document.querySelector(selector).dispatchEvent(
		new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true })));
	window.messages = () => document.querySelectorAll('.message[data-id]').length;
})()`

// run runs a script in the page, and returns what its last expression is as JSON.
func (v *visitor) run(script string) string {
	v.t.Helper()
	out, err := chromedp.Run(v.ctx, chromedp.Evaluate[any](script))
	if err != nil {
		v.t.Fatalf("%s: %v", script, err)
	}
	text, err := json.Marshal(out)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(text)
}

func (v *visitor) want(what, script, want string) {
	v.t.Helper()
	if got := v.run(script); got != want {
		v.t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

// TestBrowserLeavesKeysToInputMethods types as people write Japanese: Enter, Tab, Escape and arrows end or change what
// they compose.
func TestBrowserLeavesKeysToInputMethods(t *testing.T) {
	v := openBrowser(t, 1180, 900)
	v.run(typing)
	const box = `'Message #pictures'`
	for _, how := range []string{`{ isComposing: true }`, `{ keyCode: 229 }`} {
		v.run(`write(` + box + `, '船')`)
		v.run(`key(` + box + `, 'Enter', ` + how + `)`)
		v.want("Enter of "+how, `find(`+box+`).value`, `"船"`)
		v.run(`write(` + box + `, '/im')`)
		for _, k := range []string{"Enter", "Tab", "Escape", "ArrowDown"} {
			v.run(`key(` + box + `, '` + k + `', ` + how + `)`)
		}
		v.want("the list of commands", `[shown('Commands') && find('Commands').closest('.menu-box').hidden, `+
			`find('Commands').firstChild.getAttribute('aria-selected')]`, `[false,"true"]`)
		v.run(`write(` + box + `, '')`)
	}
	v.run(`write(` + box + `, '/imagine 船')`)
	v.until("see the form", `shown('prompt')`)
	for _, k := range []string{"Escape", "Enter", "Backspace"} {
		v.run(`key('prompt', '` + k + `', { isComposing: true })`)
	}
	v.want("the form", `[shown('prompt'), find('prompt').value]`, `[true,"船"]`)
	v.run(`find('Add option size').click(); write('size', '1')`)
	v.until("see suggestions", `shown('Suggestions') && !find('Suggestions').closest('.menu-box').hidden`)
	v.run(`key('size', 'Enter', { keyCode: 229 })`)
	v.want("a field with suggestions", `[shown('size'), find('size').value]`, `[true,"1"]`)
	v.want("nothing is sent", `messages()`, `0`)
	v.run(`key('size', 'Escape'); key('prompt', 'Escape')`)
	v.want("Escape without composing", `shown('prompt')`, `false`)
}

// TestBrowserTakesFilesAnywhere drops and pastes images where a person may hit, and text that comes with an image.
func TestBrowserTakesFilesAnywhere(t *testing.T) {
	v := openBrowser(t, 1180, 900)
	v.run(typing)
	v.run(`window.stays = true; write('Message #pictures', 'a red boat')`)
	v.want("a drop on the messages is the page's", `drop('#log', files('', 'a.png'))`, `[true,true]`)
	v.want("it begins a command with the text", `[find('prompt').value, find('init_image').closest('.chip').innerText]`,
		`["a red boat","init_image\na.png · 1 bytes\n×"]`)
	v.run(`find('Cancel command').click(); find('Message #pictures').focus()`)
	v.want("text from an office program is text", `[paste(files('cells', 'image.png')), shown('prompt')]`, `[false,false]`)
	v.want("an image alone is a file", `[paste(files('', 'image.png')), shown('init_image')]`, `[true,true]`)
	v.run(`find('Cancel command').click(); write('Message #pictures', '/queue ')`)
	v.until("see another command", `shown('Cancel command')`)
	v.want("a command without files says so", `[drop('#log', files('', 'a.png'))[1], `+
		`document.querySelector('.command-form .error').innerText]`, `[true,"/queue takes no file."]`)
	v.want("the page is the same", `stays`, `true`)
}

// TestBrowserKeepsWhatWasTyped closes commands and forms, and loads the page again.
func TestBrowserKeepsWhatWasTyped(t *testing.T) {
	v := openBrowser(t, 1180, 900)
	reload := func() {
		t.Helper()
		v.do("load the page again", chromedp.Reload(), chromedp.WaitReady(".status.online"))
		v.run(typing)
	}
	v.run(typing)
	v.run(`write('Message #pictures', '/imagine a long story')`)
	v.until("see the form", `shown('prompt')`)
	v.run(`find('Add option size').click(); write('size', '128x128'); key('prompt', 'Escape')`)
	v.want("the command is closed", `shown('prompt')`, `false`)
	v.run(`key('Message #pictures', 'ArrowUp')`)
	v.want("it comes back", `[find('prompt').value, find('size').value]`, `["a long story","128x128"]`)
	v.run(`write('prompt', ''); key('prompt', 'Backspace', { repeat: true })`)
	v.want("a key that is held closes nothing", `shown('size')`, `true`)
	v.run(`write('prompt', 'another story')`)
	reload()
	v.until("see the command after a reload", `shown('prompt')`)
	v.want("the command after a reload", `[find('prompt').value, find('size').value]`, `["another story","128x128"]`)
	v.run(`find('Cancel command').click(); write('Message #pictures', 'hello')`)
	reload()
	v.until("see the text after a reload", `find('Message #pictures').value === 'hello'`)
	v.run(`key('Message #pictures', 'Enter')`)
	v.until("see it sent", `messages() === 1`)
	reload()
	v.until("see the message again", `messages() === 1`)
	v.want("what was sent is gone", `find('Message #pictures').value`, `""`)

	v.run(`write('Message #pictures', '/imagine a __shp__')`)
	v.until("see the form", `shown('prompt')`)
	v.run(`key('prompt', 'Enter')`)
	open := func() {
		t.Helper()
		v.until("see no dialog", `!document.querySelector('dialog')`)
		v.press("Edit prompt")
		v.until("see the dialog", `!!document.querySelector('dialog[open] textarea')`)
	}
	v.until("see the refusal", `document.body.innerText.includes('Unknown wildcard')`)
	for _, c := range []struct{ close, want string }{
		{`document.querySelector('dialog[open]').close()`, "a __ship__ at sea"},
		{`[...document.querySelectorAll('dialog[open] button')].find((b) => b.innerText === 'Cancel').click()`, "a __shp__"},
	} {
		open()
		v.run(`document.querySelector('dialog[open] textarea').value = 'a __ship__ at sea'; ` + c.close)
		open()
		v.want("the dialog after "+c.close, `document.querySelector('dialog[open] textarea').value`, strconv.Quote(c.want))
		v.run(`document.querySelector('dialog[open]').close()`)
	}
}

// TestBrowserSwipesPictures looks at the pictures of a message with arrow keys and with a finger.
func TestBrowserSwipesPictures(t *testing.T) {
	v := openBrowser(t, 390, 844)
	v.run(typing)
	v.do("ask for an example", chromedp.Click(`[aria-label^="Try /imagine"]`))
	v.waitGalleries("see four pictures", 1)
	v.run(`find('Open picture 1: ' + document.querySelector('.picture').ariaLabel.split(': ')[1]).click()`)
	const at = `document.querySelector('.lightbox footer span').innerText.split(' · ').pop()`
	v.want("the first picture", at, `"1 of 4"`)
	v.run(`document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))`)
	v.want("an arrow key, before any click", at, `"2 of 4"`)
	swipe := func(x1, y1, x2, y2 int) {
		point := func(x, y int) string {
			return fmt.Sprintf(`[new Touch({ identifier: 1, target: img, clientX: %d, clientY: %d })]`, x, y)
		}
		v.run(`{ const img = document.querySelector('.lightbox img');
			img.dispatchEvent(new TouchEvent('touchstart', { touches: ` + point(x1, y1) + `, bubbles: true }));
			img.dispatchEvent(new TouchEvent('touchend', { changedTouches: ` + point(x2, y2) + `, bubbles: true })); }`)
	}
	swipe(300, 400, 100, 410)
	v.want("a finger to the left", at, `"3 of 4"`)
	swipe(100, 400, 300, 390)
	v.want("a finger to the right", at, `"2 of 4"`)
	swipe(100, 200, 130, 600)
	swipe(100, 200, 120, 200)
	v.want("a finger that scrolls or taps", at, `"2 of 4"`)
	v.want("the arrows lie above the picture", `['Previous picture', 'Next picture'].map((label) => {
		const r = find(label).getBoundingClientRect();
		return document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) === find(label) && r.width >= 24;
	})`, `[true,true]`)
	v.screenshot("lightbox-phone")
}

//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserAddons finds a LoRA while typing, asks for images with it, and reads what else there is. A LoRA that is
// marked as NSFW is found in the age-restricted channel only.
func TestBrowserAddons(t *testing.T) {
	models := t.TempDir()
	data := readFile(t, "../../render/demo/addons/lora/stained-glass.safetensors")
	for name, content := range map[string][]byte{
		"night.safetensors": padHeader(t, data), "night.json": []byte(`{"nsfw":true}`),
	} {
		path := filepath.Join(models, "loras", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, size := range map[string][2]int{"desktop": {1180, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			v := openBrowser(t, size[0], size[1], "--models", models)
			v.run(typing)
			shot := func(state string) {
				t.Helper()
				v.screenshot("addons-" + name + "-" + state)
			}
			suggests := func(typed, want string) {
				t.Helper()
				v.run(`write('lora', '` + typed + `')`)
				v.until("see "+want, `[...document.querySelectorAll('[aria-label="Suggestions"] > *')].map((c) => `+
					`c.innerText).join('; ') === '`+want+`'`)
			}
			v.do("open the command", chromedp.SendKeys(byLabel("Message #pictures"), "/im\t"),
				chromedp.WaitVisible(byLabel("prompt")))
			v.run(`write('prompt', 'a red boat'); find('Add option lora').click()`)
			v.until("see the field", `shown('lora')`)
			suggests("s", "sepia (hypernetwork) ×1; stained-glass ×1")
			shot("1-suggestions")
			suggests("glass:0.8", "stained-glass ×0.8")
			v.run(`key('lora', 'Enter')`)
			v.until("see the choice", `find('lora').value.startsWith('stained-glass')`)
			shot("2-chosen")
			v.do("send", chromedp.Click(byLabel("Send")))
			v.waitGalleries("see four images", 1)
			v.until("read the LoRA", `document.body.innerText.includes('<lora:stained-glass:0.8>')`)
			shot("3-gallery")
			v.press("⋯")
			v.until("see what else there is", `!!document.querySelector('[aria-label="ℹ️ Info"]')`)
			v.press("ℹ️ Info")
			v.until("read the add-on", `/Add-ons stained-glass ×0.8/.test(document.body.innerText)`)
			shot("4-info")
			v.do("open /info", chromedp.SendKeys(byLabel("Message #pictures"), "/info\t"),
				chromedp.WaitVisible(byLabel("/info")), chromedp.Click(byLabel("Send")))
			v.until("see the button", `!!document.querySelector('[aria-label="What can it paint?"]')`)
			v.press("What can it paint?")
			v.until("read what there is", `/LoRAs: stained-glass\nEmbeddings: kite\nHypernetworks: sepia/.test(`+
				`document.body.innerText)`)
			shot("5-words")

			v.run(`find('Channel age-restricted').click()`)
			v.do("go to the other channel", chromedp.WaitVisible(byLabel("Message #age-restricted")))
			v.do("open the command", chromedp.SendKeys(byLabel("Message #age-restricted"), "/im\t"),
				chromedp.WaitVisible(byLabel("prompt")))
			v.run(`find('Add option lora').click()`)
			v.until("see the field", `shown('lora')`)
			suggests("", "stained-glass ×1; night ×1; sepia (hypernetwork) ×1")
			shot("6-age-restricted")
		})
	}
}

package interaction

import (
	"strings"
	"testing"

	"darkroom/render/request"
)

func TestTakeLink(t *testing.T) {
	t.Parallel()
	allows := func(address string) bool { return strings.HasPrefix(address, "https://cdn.discordapp.com/") }
	const link = "https://cdn.discordapp.com/attachments/1/2/boat.png?ex=6&hm=7"
	for name, c := range map[string]struct {
		prompt, rest, file, refusal string
		init                        bool
	}{
		"a link and words":       {prompt: link + " a red boat --iw 2", rest: "a red boat --iw 2", file: "boat.png"},
		"in angle brackets":      {prompt: "<" + link + ">  a boat", rest: "a boat", file: "boat.png"},
		"with a comma":           {prompt: link + ", a boat", rest: "a boat", file: "boat.png"},
		"a line of its own":      {prompt: link + "\na boat", rest: "a boat", file: "boat.png"},
		"a wide blank":           {prompt: link + "\u3000a boat", rest: "a boat", file: "boat.png"},
		"brackets and a comma":   {prompt: "<" + link + ">, a boat", rest: "a boat", file: "boat.png"},
		"behind the command":     {prompt: "/imagine prompt: " + link + " a boat", rest: "a boat", file: "boat.png"},
		"behind the option":      {prompt: "prompt: " + link + " a boat", rest: "a boat", file: "boat.png"},
		"a link alone":           {prompt: link, file: "boat.png"},
		"a link inside is words": {prompt: "a boat " + link, rest: "a boat " + link},
		"no link":                {prompt: "https is a word", rest: "https is a word"},
		"another host":           {prompt: "https://example.org/boat.png a boat", refusal: "example.org"},
		"a host that pretends":   {prompt: "https://cdn.discordapp.com.example.org/x.png a boat", refusal: "example.org"},
		"no host":                {prompt: "http:// a boat", refusal: "Discord"},
		"two links":              {prompt: link + " " + link + " a boat", refusal: "one start image"},
		"a link and a file":      {prompt: link + " a boat", init: true, refusal: "one start image"},
	} {
		w := request.Wanted{Prompt: c.prompt}
		if c.init {
			w.Init = &request.Attachment{Name: "other.png"}
		}
		refusal := takeLink(&w, allows)
		if c.refusal != "" {
			if refusal == nil || !strings.Contains(refusal.Error(), c.refusal) || w.Prompt != c.prompt {
				t.Errorf("%s: got %v and %q, want a refusal with %q and the prompt as it was", name, refusal, w.Prompt, c.refusal)
			}
			continue
		}
		file := ""
		if w.Init != nil {
			file = w.Init.Name
		}
		if refusal != nil || w.Prompt != c.rest || file != c.file {
			t.Errorf("%s: got %q with start image %q, %v, want %q with %q", name, w.Prompt, file, refusal, c.rest, c.file)
		}
	}
}

package interaction

import (
	"net/url"
	"path"
	"strings"
	"unicode"

	"darkroom/render/prompt"
	"darkroom/render/request"
)

// takeLink takes a link off the start of a prompt and makes it the start image, as Midjourney's users are used to.
// Only Discord's own links are taken, since an address of a stranger could reach into the machine's own network.
func takeLink(w *request.Wanted, allows func(address string) bool) *request.Refusal {
	words, _ := prompt.CutCommand(w.Prompt)
	links, rest := cutLinks(words)
	switch {
	case len(links) == 0:
		return nil
	case len(links) > 1 || w.Init != nil:
		return request.Refuse("Give one link at the start of the prompt, or one file as init_image.",
			"Only one start image is possible.")
	case !allows(links[0]):
		return foreignStartImage(hostOf(links[0]))
	}
	w.Prompt, w.Init = rest, &request.Attachment{URL: links[0], Name: nameOf(links[0])}
	return nil
}

// foreignStartImage refuses a link that does not lead to Discord. Its host may be unknown.
func foreignStartImage(host string) *request.Refusal {
	const hint = "Save the image and attach it as init_image."
	if host == "" {
		return request.Refuse(hint, "A link to a start image must be one of Discord's own.")
	}
	return request.Refuse(hint, "A link to a start image must be one of Discord's own, and this one leads to %s.", host)
}

// cutLinks returns the links at the start of a text, and what follows them. Angle brackets around a link, which keep
// Discord from showing it, are left out.
func cutLinks(text string) (links []string, rest string) {
	for rest = strings.TrimSpace(text); ; {
		word, after := rest, ""
		if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 { // forms take several lines
			word, after = rest[:i], rest[i:]
		}
		link := strings.TrimRight(strings.TrimPrefix(word, "<"), ">,;")
		lower := strings.ToLower(link)
		if !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") {
			return links, rest
		}
		links, rest = append(links, link), strings.TrimSpace(after)
	}
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return u.Hostname()
}

// nameOf is the file's name in a link, without what signs the link.
func nameOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

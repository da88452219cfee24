package message

import (
	"fmt"
	"slices"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/request"
)

// maxAddonsShown is how much of the list of add-ons is shown, in characters. The attached file names all of them.
const maxAddonsShown = 600

// addonsText lists the add-ons of images with their strengths and the words that they were trained with, as far as
// these are known.
func addonsText(s picture.Spec, known []request.AddonCard) string {
	var all []string
	for _, a := range s.Addons {
		text := Escape(a.Name)
		switch {
		case a.Kind == picture.Embedding:
			text += " (embedding)"
		case a.TextStrength != nil:
			text += fmt.Sprintf(" ×%g, text ×%g", a.Strength, *a.TextStrength)
		default:
			text += fmt.Sprintf(" ×%g", a.Strength)
		}
		if a.Kind == picture.Hypernet {
			text += " (hypernetwork)"
		}
		i := slices.IndexFunc(known, func(c request.AddonCard) bool { return c.Kind == a.Kind && c.Hash == a.Hash })
		if i >= 0 && len(known[i].Triggers) > 0 {
			text += ": “" + Escape(strings.Join(known[i].Triggers, ", ")) + "”"
		}
		all = append(all, text)
	}
	if s.VAE != nil {
		all = append(all, Escape(s.VAE.Name)+" (VAE)")
	}
	return shortenEscaped(strings.Join(all, " · "), maxAddonsShown)
}

// addonNames lists the names of add-ons, a line for each kind that there is.
func addonNames(cards []request.AddonCard) (lines []string) {
	for _, kind := range []struct{ kind, title string }{
		{picture.LoRA, "LoRAs"}, {picture.Embedding, "Embeddings"}, {picture.Hypernet, "Hypernetworks"},
		{picture.VAE, "VAEs"}, {picture.Upscaler, "Upscalers"},
	} {
		var names []string
		for _, c := range cards {
			if c.Kind == kind.kind {
				names = append(names, c.Name)
			}
		}
		if len(names) > 0 {
			list := shortenEscaped(Escape(strings.Join(names, ", ")), maxGroupShown)
			lines = append(lines, fmt.Sprintf("**%s:** %s", kind.title, list))
		}
	}
	return lines
}

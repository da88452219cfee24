package message

import (
	"slices"
	"strings"

	"darkroom/bot/language"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// maxAddonsShown is how much of the list of add-ons is shown, in characters. The attached file names all of them.
const maxAddonsShown = 600

// addonsText lists the add-ons of images with their strengths and the words that they were trained with, as far as
// these are known.
func addonsText(l language.Language, s picture.Spec, known []request.AddonCard) string {
	var all []string
	for _, a := range s.Addons {
		text := Escape(a.Name)
		switch {
		case a.Kind == picture.Embedding:
			text = l.Sprintf("%s (embedding)", text)
		case a.TextStrength != nil:
			text = l.Sprintf("%s ×%g, text ×%g", text, a.Strength, *a.TextStrength)
		default:
			text = l.Sprintf("%s ×%g", text, a.Strength)
		}
		if a.Kind == picture.Hypernet {
			text = l.Sprintf("%s (hypernetwork)", text)
		}
		i := slices.IndexFunc(known, func(c request.AddonCard) bool { return c.Kind == a.Kind && c.Hash == a.Hash })
		if i >= 0 && len(known[i].Triggers) > 0 {
			text = l.Sprintf("%s: “%s”", text, Escape(strings.Join(known[i].Triggers, ", ")))
		}
		all = append(all, text)
	}
	if s.VAE != nil {
		all = append(all, l.Sprintf("%s (VAE)", Escape(s.VAE.Name)))
	}
	return shortenEscaped(strings.Join(all, " · "), maxAddonsShown)
}

// addonNames lists the names of add-ons, a line for each kind that there is.
func addonNames(l language.Language, cards []request.AddonCard) (lines []string) {
	for _, kind := range []struct {
		kind string
		line phrase.Phrase
	}{
		{picture.LoRA, phrase.Of("**LoRAs:** %s")}, {picture.Embedding, phrase.Of("**Embeddings:** %s")},
		{picture.Hypernet, phrase.Of("**Hypernetworks:** %s")}, {picture.VAE, phrase.Of("**VAEs:** %s")},
		{picture.Upscaler, phrase.Of("**Upscalers:** %s")},
	} {
		var names []string
		for _, c := range cards {
			if c.Kind == kind.kind {
				names = append(names, c.Name)
			}
		}
		if len(names) > 0 {
			lines = append(lines, l.Sprintf(kind.line.Format, shortenEscaped(Escape(strings.Join(names, ", ")), maxGroupShown)))
		}
	}
	return lines
}

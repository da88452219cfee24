package message

import (
	"path"
	"strconv"

	"darkroom/bot/language"
	"darkroom/queue"
	"darkroom/render/phrase"
)

// formsText says which images are no PNG, and why: a line for each form.
func formsText(l language.Language, files []queue.File) (text string) {
	var forms []queue.File
	numbers := map[string][]string{}
	for i, f := range files {
		if f.PNGBytes == 0 {
			continue
		}
		form := formName(f).String()
		at := len(numbers[form])
		numbers[form] = append(numbers[form], strconv.Itoa(i+1))
		if at == 0 {
			forms = append(forms, f)
		}
	}
	for _, f := range forms {
		line := l.Sprintf("%s, since a PNG would have about %s MB and at most %s fit here",
			formName(f), megabytes(f.PNGBytes), megabytes(f.Limit))
		if n := numbers[formName(f).String()]; len(n) < len(files) {
			line = l.Sprintf("Image %s: %s", phrase.And(n), line)
		}
		text += "\n-# " + line
	}
	return text
}

// formName names the form of a file.
func formName(f queue.File) phrase.Phrase {
	switch {
	case path.Ext(f.Name) == ".webp":
		return phrase.Of("Lossless WebP")
	case f.Shrunk:
		return phrase.Of("JPEG, made smaller (%d×%d)", f.Width, f.Height)
	}
	return phrase.Of("JPEG of quality %d", f.Quality)
}

// megabytes are 1,048,576 bytes each, as in Discord's limits, with at most one digit behind the point.
func megabytes(bytes int64) phrase.Number {
	mb := float64(bytes) / (1 << 20)
	if mb == float64(int64(mb)) {
		return phrase.Decimal(mb, 0)
	}
	return phrase.Decimal(max(mb, 0.1), 1)
}

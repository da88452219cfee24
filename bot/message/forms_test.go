package message

import (
	"testing"

	"darkroom/bot/language"
	"darkroom/queue"
)

func TestFormsText(t *testing.T) {
	t.Parallel()
	webp := queue.File{Name: "1-0-2.webp", PNGBytes: 13_002_342, Limit: 10 << 20}
	jpeg := queue.File{Name: "1-0-1.jpg", PNGBytes: 40 << 20, Limit: 10 << 20, Quality: 88}
	small := queue.File{
		Name: "1-0-1.jpg", PNGBytes: 40 << 20, Limit: 50_000, Quality: 70, Shrunk: true, Width: 300, Height: 200,
	}
	const webpLine = "Lossless WebP, since a PNG would have about 12.4 MB and at most 10 fit here"
	const jpegLine = "JPEG of quality 88, since a PNG would have about 40 MB and at most 10 fit here"
	for name, c := range map[string]struct {
		files []queue.File
		l     language.Language
		want  string
	}{
		"a PNG":  {files: []queue.File{{Name: "1-0-3.png"}}},
		"a WebP": {files: []queue.File{webp}, want: "\n-# " + webpLine},
		"a JPEG": {files: []queue.File{jpeg, jpeg}, want: "\n-# " + jpegLine},
		"smaller": {files: []queue.File{small}, want: "\n-# JPEG, made smaller (300×200), " +
			"since a PNG would have about 40 MB and at most 0.1 fit here"},
		"several": {files: []queue.File{jpeg, webp, {Name: "1-0-3.png"}, jpeg}, want: "\n-# Image 1 and 4: " + jpegLine +
			"\n-# Image 2: " + webpLine},
		"in German": {files: []queue.File{webp}, l: language.Find("de"),
			want: "\n-# Verlustfreies WebP: Ein PNG hätte etwa 12,4 MB, und hier passen höchstens 10"},
	} {
		if got := formsText(c.l, c.files); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

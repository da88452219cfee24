package phrase

import "testing"

func TestEnglish(t *testing.T) {
	inner := Count(1, "%d image", "%d images", 1)
	for _, c := range []struct {
		phrase Phrase
		want   string
	}{
		{Phrase{}, ""},
		{Of("100% done"), "100% done"},
		{Of("%d of %s", 3, inner), "3 of 1 image"},
		{Count(2, "%d image", "%d images", 2), "2 images"},
		{Count(0, "%d image", "%d images", 0), "0 images"},
		{Count(1, "One image is left", "%d images are left"), "One image is left"},
	} {
		if got := c.phrase.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

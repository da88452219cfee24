package render

import (
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestMidjourneyWeights(t *testing.T) {
	t.Parallel()
	rendered := func(t *testing.T, notation picture.Notation, typed string) *Result {
		t.Helper()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Version, s.Notation, s.Prompt = picture.Version, notation, typed
		return mustRender(t, r, s, Job{})
	}
	t.Run("lead like AND, each by its share", func(t *testing.T) {
		t.Parallel()
		a := rendered(t, picture.NotationMidjourney, "boat::3 star")
		b := rendered(t, picture.NotationA1111, "boat :0.75 AND star :0.25")
		if !sameImage(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("boat::3 star is not rendered as boat :0.75 AND star :0.25")
		}
	})
	t.Run("of one part are those of a plain prompt", func(t *testing.T) {
		t.Parallel()
		a := rendered(t, picture.NotationMidjourney, "boat::5")
		if b := rendered(t, picture.NotationA1111, "boat"); !sameImage(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("a weight that has nothing beside it changes the image")
		}
	})
	t.Run("are words in A1111's notation", func(t *testing.T) {
		t.Parallel()
		a := rendered(t, picture.NotationA1111, "boat::3 star")
		if b := rendered(t, picture.NotationMidjourney, "boat::3 star"); sameImage(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("the notation changes nothing")
		}
	})
	t.Run("that leave nothing are refused", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Version, s.Notation, s.Prompt = picture.Version, picture.NotationMidjourney, "boat:: star::-1"
		if got := refusalOf(t, r, s, Job{}); !strings.Contains(got, "add up to 0") {
			t.Errorf("got %q, want it to name the sum", got)
		}
	})
}

func TestEmphasisWithoutNorm(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	s := boatSpec()
	s.Version, s.Prompt = picture.Version, "a (boat:1.4)"
	with := mustRender(t, r, s, Job{})
	s.Emphasis = picture.EmphasisNoNorm
	without := mustRender(t, r, s, Job{})
	if sameImage(with.Tiles[0].Image, without.Tiles[0].Image) {
		t.Error("the mean is restored although the Spec says not to")
	}
	s.Prompt, s.Negative = "a boat", ""
	plain := mustRender(t, r, s, Job{})
	if s.Emphasis = picture.EmphasisOriginal; !sameImage(plain.Tiles[0].Image, mustRender(t, r, s, Job{}).Tiles[0].Image) {
		t.Error("a prompt without weights depends on how they are weighed")
	}
}

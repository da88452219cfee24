package render

import (
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestMidjourneysWeights(t *testing.T) {
	t.Parallel()
	painted := func(t *testing.T, notation picture.Notation, typed string) *Result {
		t.Helper()
		r, _ := newFake(t, Options{})
		s := boat()
		s.Version, s.Notation, s.Prompt = picture.Version, notation, typed
		return paint(t, r, s, Job{})
	}
	t.Run("lead like AND, each by its share", func(t *testing.T) {
		t.Parallel()
		a := painted(t, picture.NotationMidjourney, "boat::3 star")
		b := painted(t, picture.NotationA1111, "boat :0.75 AND star :0.25")
		if !same(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("boat::3 star is not painted as boat :0.75 AND star :0.25")
		}
	})
	t.Run("of one part are those of a plain prompt", func(t *testing.T) {
		t.Parallel()
		a := painted(t, picture.NotationMidjourney, "boat::5")
		if b := painted(t, picture.NotationA1111, "boat"); !same(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("a weight that has nothing beside it changes the picture")
		}
	})
	t.Run("are words in A1111's notation", func(t *testing.T) {
		t.Parallel()
		a := painted(t, picture.NotationA1111, "boat::3 star")
		if b := painted(t, picture.NotationMidjourney, "boat::3 star"); same(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("the notation changes nothing")
		}
	})
	t.Run("that leave nothing are refused", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boat()
		s.Version, s.Notation, s.Prompt = picture.Version, picture.NotationMidjourney, "boat:: star::-1"
		if got := refusalOf(t, r, s, Job{}); !strings.Contains(got, "add up to 0") {
			t.Errorf("got %q, want it to name the sum", got)
		}
	})
}

func TestEmphasisWithoutNorm(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	s := boat()
	s.Version, s.Prompt = picture.Version, "a (boat:1.4)"
	with := paint(t, r, s, Job{})
	s.Emphasis = picture.EmphasisNoNorm
	without := paint(t, r, s, Job{})
	if same(with.Tiles[0].Image, without.Tiles[0].Image) {
		t.Error("the mean is restored although the Spec says not to")
	}
	s.Prompt, s.Negative = "a boat", ""
	plain := paint(t, r, s, Job{})
	if s.Emphasis = picture.EmphasisOriginal; !same(plain.Tiles[0].Image, paint(t, r, s, Job{}).Tiles[0].Image) {
		t.Error("a prompt without weights depends on how they are weighed")
	}
}

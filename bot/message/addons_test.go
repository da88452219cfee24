package message_test

import (
	"strings"
	"testing"

	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// TestKnownWordsNamesAddons: what a model can render includes its add-ons, by kind.
func TestKnownWordsNamesAddons(t *testing.T) {
	t.Parallel()
	got := message.KnownWords(language.Language{}, request.Card{Name: "boats"}, []request.AddonCard{
		{Kind: picture.LoRA, Name: "ink_2"}, {Kind: picture.Embedding, Name: "kite"}, {Kind: picture.LoRA, Name: "oil"},
	}, nil, nil).Content
	const want = "\n**LoRAs:** ink\\_2, oil\n**Embeddings:** kite\n"
	if !strings.Contains(got, want) || strings.Contains(got, "Hypernetworks") || strings.Contains(got, "VAEs") {
		t.Errorf("got %q, want %q in it, and no other kinds", got, want)
	}
}

package prompt_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

func TestEmbeddingNames(t *testing.T) {
	t.Parallel()
	// CLIP has a token for each digit, so v2 is the beginning of v22.
	names := prompt.NewEmbeddingNames([]string{"kite", "bad-hands", "bad-hands-5", "EasyNegative", "by ink", "v2", "..."})
	for text, want := range map[string][]string{
		"a kite": {"kite"}, "a KITE, (easynegative:1.2)": {"kite", "EasyNegative"}, "kites": nil, "a box-kite": {"kite"},
		"bad-hands-5": {"bad-hands-5"}, "bad-hands": {"bad-hands"}, "bad-handset": nil, "bad hands": nil,
		"bad-hands-4": {"bad-hands"}, "a portrait by  ink": {"by ink"}, "by\nink": {"by ink"}, "by an ink": nil,
		"(by) ink": nil, "[cat:kite:0.5]": {"kite"}, "[cat|kite]": {"kite"}, "[kite::300] x": {"kite"}, "v22": {"v2"},
		"v2x": {"v2"}, "av2": nil,
		"a cat AND a kite :0.8": {"kite"}, "<lora:kite:1>": nil, "embedding:kite": {"kite"}, "kite kite": {"kite"},
		`\(kite\)`: {"kite"}, "wait...": {"..."}, "": nil,
	} {
		got := names.Find(prompt.Current, text, picture.NotationA1111, true)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := names.Find(prompt.Current, "cat:: kite::-0.5", picture.NotationMidjourney, true); len(got) != 1 {
		t.Errorf("Midjourney's weights: got %q, want kite", got)
	}
}

func TestMarkedEmbeddings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"a cat": nil, "embedding:ink": {"ink"}, "(embedding:ink:1.2), Embedding:fog.pt.": {"ink", "fog.pt"},
		"embedding: ink": nil, "an-embedding:ink embedding:ink": {"ink"}, "embedding:a/b": {"a/b"},
		"<embedding:ink>": {"ink"},
	} {
		if got := prompt.MarkedEmbeddings(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPlainEmbeddings(t *testing.T) {
	t.Parallel()
	names := []string{"ink", "ink-v2", "By Ink"}
	for text, want := range map[string]string{
		"a cat": "a cat", "embedding:ink": "ink", "(embedding:INK:1.2), b": "(INK:1.2), b", "embedding:ink-v2": "ink-v2",
		"embedding:ink.safetensors, b": "ink, b", "embedding:ink.pt": "ink", "embedding:styles/ink.pt": "ink",
		"embedding:inky": "embedding:inky", "embedding:fog embedding:ink": "embedding:fog ink", "Embedding:by ink": "by ink",
		"myembedding:ink": "myembedding:ink", "embedding:": "embedding:", "embedding:ink embedding:ink": "ink ink",
	} {
		if got := prompt.PlainEmbeddings(text, names); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := prompt.PlainEmbeddings("embedding:ink", nil); got != "embedding:ink" {
		t.Errorf("no names: got %q", got)
	}
}

func TestWithoutAddons(t *testing.T) {
	t.Parallel()
	s := picture.Spec{Addons: []picture.Addon{{Kind: picture.LoRA, Name: "oil"}, {Kind: picture.Embedding, Name: "ink"}}}
	const text, want = "a <lora:oil:1> embedding:ink embedding:oil", "a  ink embedding:oil"
	if got := prompt.WithoutAddons(s, text); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func BenchmarkEmbeddingNames(b *testing.B) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("style-%d by ink", i))
	}
	text := strings.Repeat("a red boat, style-7 by ink, ", 100)
	for b.Loop() {
		prompt.NewEmbeddingNames(names).Find(prompt.Current, text, picture.NotationA1111, true)
	}
}

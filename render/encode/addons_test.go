package encode_test

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/render/encode"
	"darkroom/render/picture"
)

// TestAddonHashes holds A1111's form: the hashes of ExtraNetworkLora.activate and of textual inversions, by the names
// that the prompt mentions.
func TestAddonHashes(t *testing.T) {
	t.Parallel()
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	s := boatSpec()
	s.Version = picture.Version
	s.Prompt = "a kite <lora:Paint:0.8> <hypernet:fog:1> <lora:off:0> <lora:ink:0:0.5> <lora:Paint:0.5>"
	s.Addons = []picture.Addon{
		{Kind: picture.LoRA, Name: "styles/oil", Hash: hash("1"), Strength: 0.5},
		{Kind: picture.Hypernet, Name: "fog", Hash: hash("2"), Strength: 1},
		{Kind: picture.LoRA, Name: "ink", Hash: hash("3"), Strength: 0.5, TextStrength: new(0.)},
		{Kind: picture.LoRA, Name: "styles/oil", Hash: hash("1"), Strength: 0.5},
		{Kind: picture.Embedding, Name: "kite", Hash: hash("4"), Strength: 1},
		{Kind: picture.Embedding, Name: "bad, very: bad", Hash: hash("5"), Strength: 1},
	}
	s.VAE = &picture.Ref{Name: "clear", Hash: hash("6")}
	text := encode.FormatParameters(s, encode.Extra{Version: "darkroom 1", Short: func(sha256 string) string {
		return map[string]string{hash("1"): "abcdefabcdef"}[sha256]
	}})
	for _, want := range []string{
		s.Prompt + "\n", ", VAE hash: 6666666666, VAE: clear, ", `Lora hashes: "Paint: abcdefabcdef, ink: 333333333333", ` +
			`TI hashes: "kite: 444444444444, bad very bad: 555555555555", Hypernet hashes: "fog: 222222222222", ` +
			`Version: darkroom 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s\nwant it to have %s", text, want)
		}
	}
	got := encode.ParseParameters(text)
	want := []encode.AddonHash{
		{Kind: picture.LoRA, Name: "Paint", Hash: "abcdefabcdef"}, {Kind: picture.LoRA, Name: "ink", Hash: "333333333333"},
		{Kind: picture.Embedding, Name: "kite", Hash: "444444444444"},
		{Kind: picture.Embedding, Name: "bad very bad", Hash: "555555555555"},
		{Kind: picture.Hypernet, Name: "fog", Hash: "222222222222"},
	}
	if got.Prompt != s.Prompt || !reflect.DeepEqual(got.Addons, want) ||
		!reflect.DeepEqual(got.VAE, &picture.Ref{Name: "clear", Hash: "6666666666"}) {
		t.Errorf("got %q, %+v, %v, want %+v", got.Prompt, got.Addons, got.VAE, want)
	}
	s.Prompt = "other words"
	if text := encode.FormatParameters(s, encode.Extra{}); !strings.Contains(text, "styles/oil: 111111111111, ink: 33") {
		t.Errorf("a prompt without tags: got %s, want the names of the files", text)
	}
}

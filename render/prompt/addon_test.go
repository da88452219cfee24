package prompt_test

import (
	"reflect"
	"testing"

	"darkroom/render/prompt"
)

func TestAddons(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, rest string
		want       []prompt.AddonTag
	}{
		"no tag": {"a < b > c", "a < b > c", nil},
		"a name alone": {
			"a <lora:ink> b", "a  b", []prompt.AddonTag{{Kind: "lora", Name: "ink", Tag: "<lora:ink>", Column: 3}},
		},
		"a strength": {
			"<lora:ink:0.8>", "",
			[]prompt.AddonTag{{Kind: "lora", Name: "ink", Args: []string{"0.8"}, Tag: "<lora:ink:0.8>", Column: 1}},
		},
		"named arguments": {
			"<LoRA:ink:te=0.5:unet=1>", "",
			[]prompt.AddonTag{
				{
					Kind: "lora", Name: "ink", Named: map[string]string{"te": "0.5", "unet": "1"}, Tag: "<LoRA:ink:te=0.5:unet=1>",
					Column: 1,
				},
			},
		},
		"two tags": {
			"é<lora:a>(b)<hypernet:c:2>", "é(b)",
			[]prompt.AddonTag{
				{Kind: "lora", Name: "a", Tag: "<lora:a>", Column: 2},
				{Kind: "hypernet", Name: "c", Args: []string{"2"}, Tag: "<hypernet:c:2>", Column: 13},
			},
		},
		"an unclosed tag is text": {"<lora:ink", "<lora:ink", nil},
		"a tag without name":      {"<lora:>", "<lora:>", nil},
		"any kind is taken out": {
			"<wildcard:x>", "", []prompt.AddonTag{{Kind: "wildcard", Name: "x", Tag: "<wildcard:x>", Column: 1}},
		},
		"an address is no such tag": {"<https//x>", "<https//x>", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest, got := prompt.Addons(tt.text)
			if rest != tt.rest || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Addons(%q)\n got %q %+v\nwant %q %+v", tt.text, rest, got, tt.rest, tt.want)
			}
		})
	}
}

func TestAddonTags(t *testing.T) {
	t.Parallel()
	got := prompt.AddonTags("a <lora:ink:0.8> boat <lora:ink:0.8>", "<hypernet:fog> <lora:ink>", "none")
	if want := []string{"<lora:ink:0.8>", "<hypernet:fog>", "<lora:ink>"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseWithAddons(t *testing.T) {
	t.Parallel()
	parts, addons := prompt.Current.ParseWithAddons("(a<lora:x:0.5>b:1.2)")
	if len(addons) != 1 || addons[0].Name != "x" {
		t.Errorf("add-ons: got %+v, want x", addons)
	}
	if len(parts) != 1 || parts[0].Text != "ab" || parts[0].Weight != 1.2 {
		t.Errorf("parts: got %+v, want ab ×1.2", parts)
	}
}

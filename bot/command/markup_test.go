package command

import (
	"fmt"
	"testing"
)

func TestMarkupIsReadAsSeen(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"a <:red_boat:123456789012345678> at sea":             "a red boat at sea",
		"<a:wave:1234567890123456789>wave":                    "wavewave",
		"for <@123456789012345678> in <#123456789012345678>!": "for  in !",
		"<@!123456789012345678><@&123456789012345678>boat":    "boat",
		"at <t:1700000000:R> or <t:1700000000>":               "at  or ",
		"</imagine now:123456789012345678> a boat":            "imagine now a boat",
		"<lora:wave:1> <a:wave:1> a <b> c <:d:5>":             "<lora:wave:1> <a:wave:1> a <b> c <:d:5>",
		"<lora:123456789012345678:0.8> <t:boat>":              "<lora:123456789012345678:0.8> <t:boat>",
	} {
		for body, option := range map[string]string{
			`{"id":"1","token":"t","type":2,"data":{"name":"imagine","options":[{"name":%q,"type":3,"value":%q}]}}`: "prompt",
			`{"id":"2","token":"t","type":2,"data":{"name":"preset","options":[{"name":"save","type":1,"options":[` +
				`{"name":%q,"type":3,"value":%q}]}]}}`: "words",
			`{"id":"3","token":"t","type":5,"data":{"custom_id":"x","components":[{"type":18,"component":` +
				`{"type":4,"custom_id":%q,"value":%q}}]}}`: "negative",
		} {
			req, err := Decode(fmt.Appendf(nil, body, option, typed))
			if err != nil || req.Options[option] != want {
				t.Errorf("%s %q: got %q and error %v, want %q", option, typed, req.Options[option], err, want)
			}
			if option == "prompt" && req.Wanted.Prompt != want {
				t.Errorf("%q: got the prompt %q, want %q", typed, req.Wanted.Prompt, want)
			}
		}
	}
	const name = "<:boat:123456789012345678>"
	req, err := Decode(fmt.Appendf(nil,
		`{"id":"1","token":"t","type":2,"data":{"name":"imagine","options":[{"name":"preset","type":3,"value":%q}]}}`, name))
	if err != nil || req.Options["preset"] != name {
		t.Errorf("a preset's name: got %q and error %v, want it as it was saved", req.Options["preset"], err)
	}
}

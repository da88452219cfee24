package world_test

import (
	"encoding/json"
	"strings"
	"testing"

	"darkroom/bot/sandbox/client"
	"darkroom/bot/sandbox/wire"
)

// openedForm runs /go, answers it with a modal of these labels, and returns the interaction's id.
func (p *fixture) openedForm(t *testing.T, labels string) string {
	t.Helper()
	p.register(t, wire.Command{Name: "go", Description: "x"})
	i, err := p.Command(p.member.ID, p.channel.ID, "go")
	if err != nil {
		t.Fatal(err)
	}
	data := json.RawMessage(`{"custom_id":"m","title":"t","components":[` + labels + `]}`)
	if _, err := p.Answer(i.ID, i.Token, wire.Callback{Type: wire.CallbackModal, Data: data}, nil); err != nil {
		t.Fatal(err)
	}
	return i.ID
}

// lastInteraction is the interaction that the bot got last, as JSON.
func (p *fixture) lastInteraction(t *testing.T) string {
	t.Helper()
	data, err := json.Marshal(p.events[len(p.events)-1].Data.(*wire.Interaction).Data)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const formLabels = `{"type":18,"label":"Mask","component":{"type":19,"custom_id":"mask","max_values":2}},` +
	`{"type":18,"label":"Model","component":{"type":3,"custom_id":"model","options":[` +
	`{"label":"A","value":"a","default":true}]}},` +
	`{"type":18,"label":"Strength","component":{"type":21,"custom_id":"strength","options":[` +
	`{"label":"Subtle","value":"subtle","default":true},{"label":"Strong","value":"strong"}]}},` +
	`{"type":18,"label":"Cells","component":{"type":22,"custom_id":"cells","required":false,"min_values":0,"options":[` +
	`{"label":"1","value":"1"},{"label":"2","value":"2"}]}},` +
	`{"type":18,"label":"Spoiler","component":{"type":23,"custom_id":"spoiler"}}`

func TestFormsAreCheckedAsAClientWould(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	opened := p.openedForm(t, formLabels)
	png := wire.Upload{Name: "mask.png", Data: []byte("x")}
	large := wire.Upload{Name: "large.png", Data: make([]byte, 11<<20)}
	two, odd := map[string][]string{"strength": {"subtle", "strong"}}, map[string][]string{"strength": {"odd"}}
	for name, tc := range map[string]struct {
		values map[string][]string
		files  []wire.Upload
		want   string
	}{
		"no file":           {nil, nil, `field "mask" is required`},
		"too many files":    {nil, []wire.Upload{png, png, png}, `field "mask" takes at most 2, not 3`},
		"a file too large":  {nil, []wire.Upload{large}, `field "mask" file too large: 11534336 bytes, at most 10485760`},
		"an unknown choice": {odd, []wire.Upload{png}, `field "strength" has no choice "odd"`},
		"an unknown field":  {map[string][]string{"x": {"y"}}, []wire.Upload{png}, `the modal has no field "x"`},
		"two of a radio":    {two, []wire.Upload{png}, `field "strength" takes at most 1, not 2`},
	} {
		filled := client.Filled{Values: tc.values, Files: map[string][]wire.Upload{"mask": tc.files}}
		if _, err := p.SubmitForm(p.member.ID, opened, filled); err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
}

func TestSubmittedForm(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	opened := p.openedForm(t, formLabels)
	files := map[string][]wire.Upload{"mask": {{Name: "mask.png", Data: []byte("x")}}}
	values := map[string][]string{"cells": {"1", "2"}, "spoiler": {"true"}}
	if _, err := p.SubmitForm(p.member.ID, opened, client.Filled{Values: values, Files: files}); err != nil {
		t.Fatal(err)
	}
	got := p.lastInteraction(t)
	var data wire.InteractionData
	if err := json.Unmarshal([]byte(got), &data); err != nil {
		t.Fatal(err)
	}
	mask := data.Components[0].Component.Values[0]
	if f := data.Resolved.Attachments[mask]; f.Filename != "mask.png" || f.Size != 1 || f.URL == "" {
		t.Errorf("got %+v, want the uploaded file with its link", f)
	}
	for _, want := range []string{
		`{"type":18,"id":1,"component":{"type":19,"id":2,"custom_id":"mask","values":["` + mask + `"]}}`,
		`{"type":18,"id":3,"component":{"type":3,"id":4,"custom_id":"model","values":["a"]}}`,
		`{"type":18,"id":5,"component":{"type":21,"id":6,"custom_id":"strength","value":"subtle"}}`,
		`{"type":18,"id":7,"component":{"type":22,"id":8,"custom_id":"cells","values":["1","2"]}}`,
		`{"type":18,"id":9,"component":{"type":23,"id":10,"custom_id":"spoiler","value":true}}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant in it %s", got, want)
		}
	}
}

func TestMessageCommand(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	p.register(t, wire.Command{Name: "Image info", Type: wire.MessageCommand})
	m, err := p.Say(p.mod.ID, p.channel.ID, "hello")
	if err != nil {
		t.Fatal(err)
	}
	i, err := p.MessageCommand(p.member.ID, m.ID, "Image info")
	if err != nil || i.Type != wire.TypeCommand || i.Command != "Image info" {
		t.Fatalf("got %+v, %v; want the command", i, err)
	}
	var data wire.InteractionData
	if err := json.Unmarshal([]byte(p.lastInteraction(t)), &data); err != nil {
		t.Fatal(err)
	}
	target := data.Resolved.Messages[m.ID]
	if data.Type != 3 || data.TargetID != m.ID || target.Content != "hello" || target.Author.ID != p.mod.ID {
		t.Errorf("got %+v, want type 3 with the message", data)
	}
	if list, err := p.CommandsFor(p.member.ID, p.channel.ID); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v; want no slash command", list, err)
	}
	for what, err := range map[string]error{
		"another name":      second(p.MessageCommand(p.member.ID, m.ID, "Other")),
		"a message unknown": second(p.MessageCommand(p.member.ID, "1", "Image info")),
		"as slash command":  second(p.Command(p.member.ID, p.channel.ID, "Image info")),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }

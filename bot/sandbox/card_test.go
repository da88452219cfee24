package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/wire"
)

// card is the members of a V2 message with a gallery of these addresses.
func card(addresses ...string) string {
	var items []string
	for _, a := range addresses {
		items = append(items, `{"media":{"url":"`+a+`"},"description":"d","spoiler":true}`)
	}
	return `"flags":32768,"components":[{"type":17,"accent_color":255,"components":[{"type":10,"content":"hi"},` +
		`{"type":12,"items":[` + strings.Join(items, ",") + `]}]}]`
}

func decodeMessage(t *testing.T, raw []byte) (m wire.Message) {
	t.Helper()
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFilesOfCards(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	for _, rule := range []string{"refused", "unknown-field", "openapi"} {
		b.s.Rules().Allow(rule)
	}
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	one, two := part{"one.png", square(4)}, part{"two.png", square(5)}
	m := decodeMessage(t, b.want("POST", post, quiet(card("attachment://one.png")), 200, 0, one, two))
	shown := m.Components[0].Components[1].Items[0]
	if len(m.Attachments) != 1 || m.Attachments[0].Filename != "two.png" {
		t.Errorf("got attachments %+v, want only the file that no component shows", m.Attachments)
	}
	if got := shown.Media; got.Width != 4 || got.AttachmentID == "" || !strings.Contains(got.URL, "/one.png?ex=") {
		t.Errorf("got media %+v, want the file with its id, size and link", got)
	}
	whole := func() sandbox.Message {
		t.Helper()
		whole, ok := b.s.VisibleMessage(b.defaults.Member.ID, m.ID)
		if !ok {
			t.Fatal("the message is gone")
		}
		return whole
	}
	if got := whole(); got.Text() != "hi" || got.Accent() != 255 || len(got.Files) != 2 {
		t.Errorf("got text %q, colour %d and %d files; want hi, 255 and 2", got.Text(), got.Accent(), len(got.Files))
	}
	edit, keepOne := post+"/"+m.ID, `{"id":"`+shown.Media.AttachmentID+`","filename":"one.png"}`
	unnamed := `{"id":"` + shown.Media.AttachmentID + `"}`
	refused := map[string]string{
		"a name that is not there":    card("attachment://three.png") + `,"attachments":[` + keepOne + `]`,
		"a file that is not kept":     card("attachment://one.png") + `,"attachments":[]`,
		"a kept file without a name":  card("attachment://one.png") + `,"attachments":[` + unnamed + `]`,
		"the signed link of a file":   card(shown.Media.URL) + `,"attachments":[` + keepOne + `]`,
		"a file dropped under a card": `"attachments":[]`,
		"the flag taken away":         `"flags":4`,
		"content beside the card":     `"content":"x"`,
		"the old rows without a flag": `"flags":0,"components":[]`,
		"an embed beside the card":    `"embeds":[{"title":"x"}]`,
		"a gallery without a picture": card(),
		"a file of another message":   card("attachment://one.png") + `,"attachments":[{"id":"1","filename":"one.png"}]`,
	}
	for name, body := range refused {
		t.Run(name, func(t *testing.T) {
			status, code, raw := b.do("PATCH", edit, quiet(body))
			if status != 400 || code != 50035 {
				t.Errorf("got %d/%d %.300s, want 400/50035", status, code, raw)
			}
		})
	}
	b.want("PATCH", edit, quiet(card("attachment://one.png", "attachment://two.png")+`,"attachments":[`+keepOne+
		`,{"id":"0","filename":"two.png"}]`), 200, 0, two)
	if got := whole(); len(got.Attachments) != 0 || len(got.Files) != 2 || got.Files[0].ID != shown.Media.AttachmentID {
		t.Errorf("got attachments %v and files %v; want one.png kept and both shown", got.Attachments, got.Files)
	}
	b.want("PATCH", edit, quiet(`"components":[{"type":10,"content":"bye"}],"attachments":[]`), 200, 0)
	if got := whole(); got.Text() != "bye" || len(got.Files) != 0 || got.Flags&wire.FlagComponentsV2 == 0 {
		t.Errorf("got %q, files %v, flags %d; want bye, no files and the flag still there", got.Text(), got.Files, got.Flags)
	}
}

func TestMessagesBecomeCards(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	for _, rule := range []string{"refused", "null-list", "openapi"} {
		b.s.Rules().Allow(rule)
	}
	i, callback, webhook := b.command()
	b.want("POST", callback, `{"type":4,"data":`+quiet(`"content":"plain"`)+`}`, 204, 0)
	const v2 = `"flags":32768,"components":[{"type":10,"content":"x"}]`
	b.want("PATCH", webhook+"/messages/@original", quiet(v2), 400, 50035)
	b.want("PATCH", webhook+"/messages/@original", quiet(`"content":null,"embeds":null,`+v2), 200, 0)
	m, err := b.s.WaitReply(testContext(t), i.ID, nil)
	if err != nil || m.Content != "" || m.Text() != "x" {
		t.Errorf("got %+v, %v; want a card that says x", m, err)
	}
	_, callback, webhook = b.command()
	b.want("POST", callback, `{"type":5}`, 204, 0)
	b.want("PATCH", webhook+"/messages/@original", quiet(card("attachment://a.png")+
		`,"attachments":[{"id":"0","filename":"a.png"}]`), 200, 0, part{"a.png", square(3)})
}

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox/wire"
)

func TestInteractionDeadlines(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	b.s.Rules().Allow("refused")
	b.s.Rules().Allow("dead-token")
	b.s.Rules().Allow("unanswered")

	_, late, _ := b.command()
	b.clock.Add(3*time.Second + time.Millisecond)
	b.want("POST", late, `{"type":5}`, 404, 10062)

	_, callback, hook := b.command()
	b.want("PATCH", hook+"/messages/@original", quiet(`"content":"x"`), 404, 10015)
	b.want("POST", callback, `{"type":5}`, 204, 0)
	b.want("POST", callback, `{"type":5}`, 400, 40060)
	b.want("PATCH", hook+"/messages/@original", quiet(`"content":"x"`), 200, 0)
	b.clock.Add(15 * time.Minute)
	b.want("PATCH", hook+"/messages/@original", quiet(`"content":"y"`), 401, 50027)
	b.want("POST", "/webhooks/"+b.s.AppID()+"/nonsense", quiet(`"content":"y"`), 404, 10015)
}

func TestCallbackTypes(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	b.s.Rules().Allow("refused")
	b.s.Rules().Allow("openapi")
	_, callback, hook := b.command()
	b.want("POST", callback, `{"type":6}`, 400, 50035)
	b.want("POST", callback, `{"type":7,"data":{"content":"x",`+noMentions+`}}`, 400, 50035)
	b.want("POST", callback, `{"type":8,"data":{"choices":[]}}`, 400, 50035)
	b.want("POST", callback, `{"type":99}`, 400, 50035)
	long := `{"type":9,"data":{"custom_id":"f","title":"` + strings.Repeat("x", 46) + `","components":[]}}`
	b.want("POST", callback, long, 400, 50035)
	row := `{"type":1,"components":[{"type":2,"style":1,"label":"A","custom_id":"a"}]}`
	message := `{"type":4,"data":` + quiet(`"content":"hi","components":[`+row+`]`) + `}`
	raw := b.want("POST", callback+"?with_response=true", message, 200, 0)
	var got struct {
		Resource struct {
			Message wire.Message `json:"message"`
		} `json:"resource"`
	}
	json.Unmarshal(raw, &got)
	m := got.Resource.Message
	if m.Content != "hi" {
		t.Fatalf("got %s, want the message in the response", raw)
	}

	c, err := b.s.Click(b.defaults.Moderator.ID, m.ID, "a")
	if err != nil {
		t.Fatal(err)
	}
	update := `{"type":7,"data":` + quiet(`"content":"bye"`) + `}`
	b.want("POST", "/interactions/"+c.ID+"/"+c.Token+"/callback", update, 204, 0)
	b.want("POST", hook, quiet(`"content":"more"`), 200, 0)
	list := b.s.VisibleMessages(b.defaults.Member.ID, b.defaults.Channel.ID)
	if len(list) != 2 || list[0].Content != "bye" || len(list[0].Components) != 1 || list[1].Content != "more" {
		t.Errorf("got %+v; want \"bye\" with its button kept, then \"more\"", list)
	}
	b.want("DELETE", hook+"/messages/@original", "", 204, 0)
	b.want("GET", hook+"/messages/@original", "", 404, 10008)
}

func TestEphemeralAndDeferQuirk(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	_, callback, hook := b.command()
	b.want("POST", callback, `{"type":5,"data":{"flags":64}}`, 204, 0)
	raw := b.want("POST", hook, quiet(`"content":"first follow-up"`), 200, 0)
	var m wire.Message
	json.Unmarshal(raw, &m)
	if !m.Ephemeral() || m.Loading() {
		t.Errorf("got flags %d, want the deferred response with its text, still ephemeral", m.Flags)
	}
	b.want("GET", "/channels/"+b.defaults.Channel.ID+"/messages/"+m.ID, "", 404, 10008)
	if n := len(b.s.VisibleMessages(b.defaults.Moderator.ID, b.defaults.Channel.ID)); n != 0 {
		t.Errorf("got %d messages for another user, want none", n)
	}
	if n := len(b.s.VisibleMessages(b.defaults.Member.ID, b.defaults.Channel.ID)); n != 1 {
		t.Errorf("got %d messages, want the follow-up to replace the deferred one", n)
	}
}

func TestAttachmentsOnEdit(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	b.s.Rules().Allow("files: an edit with files") // one of the edits below does that
	_, callback, hook := b.command()
	original := hook + "/messages/@original"
	message := `{"type":4,"data":` + quiet(`"content":"two"`) + `}`
	b.want("POST", callback, message, 204, 0, part{"a.png", square(3)}, part{"b.png", square(4)})
	names := func(raw []byte) string {
		var m wire.Message
		json.Unmarshal(raw, &m)
		var list []string
		for _, a := range m.Attachments {
			list = append(list, a.Filename)
		}
		return strings.Join(list, " ")
	}
	var m wire.Message
	json.Unmarshal(b.want("GET", original, "", 200, 0), &m)
	if got := names(b.want("PATCH", original, quiet(`"content":"x"`), 200, 0)); got != "a.png b.png" {
		t.Errorf("without attachments: got %q, want both kept", got)
	}
	added := `{"id":"0","filename":"c.png","description":"sea","is_spoiler":true}`
	keep := quiet(fmt.Sprintf(`"attachments":[{"id":%q},%s]`, m.Attachments[1].ID, added))
	raw := b.want("PATCH", original, keep, 200, 0, part{"ignored.png", square(5)})
	if got := names(raw); got != "b.png c.png" {
		t.Errorf("got %q, want b.png kept and c.png new", got)
	}
	json.Unmarshal(raw, &m)
	if a := m.Attachments[1]; a.Description != "sea" || !a.Spoiler || a.Width != 5 || a.ContentType != "image/png" {
		t.Errorf("got %+v, want the new file described", a)
	}
	raw = b.want("PATCH", original, `{`+noMentions+`}`, 200, 0, part{"d.png", square(2)})
	if got := names(raw); got != "b.png c.png d.png" {
		t.Errorf("got %q, want the new file added", got)
	}
	if got := names(b.want("PATCH", original, quiet(`"attachments":[]`), 200, 0)); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestNonce(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	body := quiet(`"content":"once","nonce":"1-0","enforce_nonce":true`)
	first, second := b.want("POST", post, body, 200, 0), b.want("POST", post, body, 200, 0)
	var one, two wire.Message
	json.Unmarshal(first, &one)
	json.Unmarshal(second, &two)
	if one.ID != two.ID || len(b.s.VisibleMessages(b.defaults.Member.ID, b.defaults.Channel.ID)) != 1 {
		t.Errorf("got messages %s and %s, want the same one", one.ID, two.ID)
	}
	b.clock.Add(10 * time.Minute)
	json.Unmarshal(b.want("POST", post, body, 200, 0), &two)
	if one.ID == two.ID {
		t.Error("a nonce is remembered for too long, want a few minutes")
	}
}

func TestNonceOfDeletedMessage(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	channel := "/channels/" + b.defaults.Channel.ID + "/messages"
	body := quiet(`"content":"once","nonce":"1-0","enforce_nonce":true`)
	var m wire.Message
	json.Unmarshal(b.want("POST", channel, body, 200, 0), &m)
	b.want("DELETE", channel+"/"+m.ID, "", 204, 0)
	b.want("POST", channel, body, 404, 10008)
	b.want("POST", channel, quiet(`"content":"another","nonce":"2-0","enforce_nonce":true`), 200, 0)
	b.want("POST", channel, quiet(`"content":"not enforced","nonce":"1-0"`), 200, 0)
	b.clock.Add(10 * time.Minute)
	b.want("POST", channel, body, 200, 0)
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	b.s.SetBotPermissions(b.defaults.Channel.ID, wire.PermMember&^wire.PermViewChannel)
	b.want("POST", post, quiet(`"content":"x"`), 403, 50001)
	b.s.SetBotPermissions(b.defaults.Channel.ID, wire.PermMember&^wire.PermSendMessages)
	b.want("POST", post, quiet(`"content":"x"`), 403, 50013)
	b.s.SetBotPermissions(b.defaults.Channel.ID, wire.PermMember&^wire.PermAttachFiles)
	b.want("POST", post, quiet(`"content":"x"`), 403, 50013, part{"a.png", square(2)})
	_, callback, hook := b.command()
	b.want("POST", callback, `{"type":5}`, 204, 0)
	edit := hook + "/messages/@original"
	b.want("PATCH", edit, quiet(`"attachments":[{"id":"0"}]`), 403, 50013, part{"a.png", square(2)})
	b.want("PATCH", edit, quiet(`"content":"no permission to attach files"`), 200, 0)

	raw := b.want("POST", post, quiet(`"content":"mine"`), 200, 0)
	var m wire.Message
	json.Unmarshal(raw, &m)
	if err := b.s.DeleteMessage(b.defaults.Member.ID, m.ID); err == nil {
		t.Error("a member deletes the bot's message, want a refusal")
	}
	if err := b.s.DeleteMessage(b.defaults.Moderator.ID, m.ID); err != nil {
		t.Errorf("a moderator deletes: got %v, want nil", err)
	}
	b.want("PATCH", post+"/"+m.ID, quiet(`"content":"x"`), 404, 10008)
}

func TestPings(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	b.s.Rules().Allow("allowed-mentions")
	u := b.defaults.Member.ID
	text := `"content":"<@` + u + `> @everyone ` + "`<@" + b.defaults.Moderator.ID + ">`" + `"`
	for mentions, want := range map[string]string{
		`{` + text + `}`: u + " everyone",
		`{` + text + `,"allowed_mentions":{"parse":[]}}`:                       "",
		`{` + text + `,"allowed_mentions":{"parse":[],"users":["` + u + `"]}}`: u,
		`{` + text + `,"allowed_mentions":{"parse":["everyone"]}}`:             "everyone",
	} {
		raw := b.want("POST", "/channels/"+b.defaults.Channel.ID+"/messages", mentions, 200, 0)
		var m wire.Message
		json.Unmarshal(raw, &m)
		seen, _ := b.s.VisibleMessage(u, m.ID)
		if got := strings.Join(seen.Pings, " "); got != want {
			t.Errorf("%s: got pings %q, want %q", mentions, got, want)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	for version, want := range map[string]int{"v9": 200, "v10": 200, "v6": 400} {
		resp, err := http.Get(b.s.URL() + "/api/" + version + "/gateway")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", version, resp.StatusCode, want)
		}
	}
	b.s.Rules().Allow("user-agent")
}

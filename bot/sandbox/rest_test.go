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
	b.want("PATCH", hook+"/messages/@original", `{"content":"x",`+noMentions+`}`, 404, 10015)
	b.want("POST", callback, `{"type":5}`, 204, 0)
	b.want("POST", callback, `{"type":5}`, 400, 40060)
	b.want("PATCH", hook+"/messages/@original", `{"content":"x",`+noMentions+`}`, 200, 0)
	b.clock.Add(15 * time.Minute)
	b.want("PATCH", hook+"/messages/@original", `{"content":"y",`+noMentions+`}`, 401, 50027)
	b.want("POST", "/webhooks/"+b.s.AppID()+"/nonsense", `{"content":"y",`+noMentions+`}`, 404, 10015)
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
	b.want("POST", callback, `{"type":9,"data":{"custom_id":"f","title":"`+strings.Repeat("x", 46)+`","components":[]}}`, 400, 50035)
	row := `{"type":1,"components":[{"type":2,"style":1,"label":"A","custom_id":"a"}]}`
	raw := b.want("POST", callback+"?with_response=true", `{"type":4,"data":{"content":"hi","components":[`+row+`],`+noMentions+`}}`, 200, 0)
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
	b.want("POST", "/interactions/"+c.ID+"/"+c.Token+"/callback", `{"type":7,"data":{"content":"bye",`+noMentions+`}}`, 204, 0)
	b.want("POST", hook, `{"content":"more",`+noMentions+`}`, 200, 0)
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
	raw := b.want("POST", hook, `{"content":"first follow-up",`+noMentions+`}`, 200, 0)
	var m wire.Message
	json.Unmarshal(raw, &m)
	if !m.Ephemeral() || m.Loading() {
		t.Errorf("got flags %d, want the deferred answer, filled in and still ephemeral", m.Flags)
	}
	b.want("GET", "/channels/"+b.defaults.Channel.ID+"/messages/"+m.ID, "", 404, 10008)
	if n := len(b.s.VisibleMessages(b.defaults.Moderator.ID, b.defaults.Channel.ID)); n != 0 {
		t.Errorf("got %d messages for somebody else, want none", n)
	}
	if n := len(b.s.VisibleMessages(b.defaults.Member.ID, b.defaults.Channel.ID)); n != 1 {
		t.Errorf("got %d messages, want the follow-up to fill the deferred one", n)
	}
}

func TestAttachmentsOnEdit(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	b.s.Rules().Allow("files: an edit with files") // one of the edits below shows what it does
	_, callback, hook := b.command()
	original := hook + "/messages/@original"
	b.want("POST", callback, `{"type":4,"data":{"content":"two",`+noMentions+`}}`, 204, 0, part{"a.png", square(3)}, part{"b.png", square(4)})
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
	if got := names(b.want("PATCH", original, `{"content":"x",`+noMentions+`}`, 200, 0)); got != "a.png b.png" {
		t.Errorf("without attachments: got %q, want both kept", got)
	}
	keep := fmt.Sprintf(`{"attachments":[{"id":%q},{"id":"0","filename":"c.png","description":"sea","is_spoiler":true}],`+noMentions+`}`, m.Attachments[1].ID)
	raw := b.want("PATCH", original, keep, 200, 0, part{"ignored.png", square(5)})
	if got := names(raw); got != "b.png c.png" {
		t.Errorf("got %q, want b.png kept and c.png new", got)
	}
	json.Unmarshal(raw, &m)
	if a := m.Attachments[1]; a.Description != "sea" || !a.Spoiler || a.Width != 5 || a.ContentType != "image/png" {
		t.Errorf("got %+v, want the new file described", a)
	}
	if got := names(b.want("PATCH", original, `{`+noMentions+`}`, 200, 0, part{"d.png", square(2)})); got != "b.png c.png d.png" {
		t.Errorf("got %q, want the new file added", got)
	}
	if got := names(b.want("PATCH", original, `{"attachments":[],`+noMentions+`}`, 200, 0)); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	for _, rule := range []string{"refused", "openapi", "unknown-field", "allowed-mentions"} {
		b.s.Rules().Allow(rule)
	}
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	button := func(id string) string { return `{"type":2,"style":1,"label":"x","custom_id":"` + id + `"}` }
	rows := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{"type":1,"components":[`+`{"type":2,"style":5,"label":"x","url":"https://example.org"}`+`]},`, n), ",")
	}
	for name, tc := range map[string]struct {
		method, path, body string
		status, code       int
	}{
		"2001 characters":             {"POST", post, `{"content":"` + strings.Repeat("é", 2001) + `",` + noMentions + `}`, 400, 50035},
		"2000 characters":             {"POST", post, `{"content":"` + strings.Repeat("é", 2000) + `",` + noMentions + `}`, 200, 0},
		"nothing to say":              {"POST", post, `{"content":"",` + noMentions + `}`, 400, 50006},
		"no JSON":                     {"POST", post, `{`, 400, 50109},
		"a number for content":        {"POST", post, `{"content":5}`, 400, 50035},
		"two equal custom_ids":        {"POST", post, `{"content":"x","components":[{"type":1,"components":[` + button("a") + `,` + button("a") + `]}],` + noMentions + `}`, 400, 50035},
		"a custom_id of 101":          {"POST", post, `{"content":"x","components":[{"type":1,"components":[` + button(strings.Repeat("a", 101)) + `]}],` + noMentions + `}`, 400, 50035},
		"six rows":                    {"POST", post, `{"content":"x","components":[` + rows(6) + `],` + noMentions + `}`, 400, 50035},
		"a text as emoji":             {"POST", post, `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":1,"custom_id":"a","emoji":{"name":"sun"}}]}],` + noMentions + `}`, 400, 50035},
		"content with V2":             {"POST", post, `{"content":"x","flags":32768,"components":[{"type":10,"content":"y"}],` + noMentions + `}`, 400, 50035},
		"a long nonce":                {"POST", post, `{"content":"x","nonce":"` + strings.Repeat("1", 26) + `",` + noMentions + `}`, 400, 50035},
		"parse and users together":    {"POST", post, `{"content":"x","allowed_mentions":{"parse":["users"],"users":["1"]}}`, 400, 50035},
		"6001 characters of embeds":   {"POST", post, `{"embeds":[{"description":"` + strings.Repeat("x", 4000) + `"},{"description":"` + strings.Repeat("x", 2001) + `"}],` + noMentions + `}`, 400, 50035},
		"a reply to nothing":          {"POST", post, `{"content":"x","message_reference":{"message_id":"1"},` + noMentions + `}`, 400, 50035},
		"a channel that is not":       {"POST", "/channels/1/messages", `{"content":"x",` + noMentions + `}`, 404, 10003},
		"a message that is not":       {"PATCH", post + "/1", `{"content":"x",` + noMentions + `}`, 404, 10008},
		"a bad command name":          {"POST", "/applications/" + b.s.AppID() + "/commands", `{"name":"Bad Name","description":"x"}`, 400, 50035},
		"optional before required":    {"POST", "/applications/" + b.s.AppID() + "/commands", `{"name":"x","description":"x","options":[{"type":3,"name":"a","description":"a"},{"type":3,"name":"b","description":"b","required":true}]}`, 400, 50035},
		"another app's commands":      {"GET", "/applications/1/commands", "", 403, 20012},
		"a command that is not":       {"DELETE", "/applications/" + b.s.AppID() + "/commands/1", "", 404, 10063},
		"a path that is not":          {"GET", "/nowhere", "", 404, 0},
		"a limit of 101":              {"GET", post + "?limit=101", "", 400, 50035},
		"a DM with nobody":            {"POST", "/users/@me/channels", `{"recipient_id":"1"}`, 404, 10013},
		"an attachment that is not":   {"GET", post + "/1", "", 404, 10008},
		"a select of 26":              {"POST", post, `{"content":"x","components":[{"type":1,"components":[{"type":3,"custom_id":"s","options":[` + strings.TrimSuffix(strings.Repeat(`{"label":"a","value":"b"},`, 26), ",") + `]}]}],` + noMentions + `}`, 400, 50035},
		"a callback for no one":       {"POST", "/interactions/1/x/callback", `{"type":5}`, 404, 10062},
		"an unknown field is let by":  {"POST", post, `{"content":"x","wrong":1,` + noMentions + `}`, 200, 0},
		"without mentions, it passes": {"POST", post, `{"content":"x"}`, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			status, code, raw := b.do(tc.method, tc.path, tc.body)
			if status != tc.status || code != tc.code {
				t.Errorf("got %d/%d %.300s, want %d/%d", status, code, raw, tc.status, tc.code)
			}
		})
	}
	t.Run("a file over the limit", func(t *testing.T) {
		b.s.SetFileLimit(b.defaults.Guild.ID, 100)
		b.want("POST", post, `{`+noMentions+`}`, 413, 40005, part{"big.png", make([]byte, 101)})
	})
}

func TestNonce(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	post, body := "/channels/"+b.defaults.Channel.ID+"/messages", `{"content":"once","nonce":"1-0","enforce_nonce":true,`+noMentions+`}`
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
		t.Error("a nonce is remembered for ever, want a few minutes")
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	b.s.SetBotPermissions(b.defaults.Channel.ID, wire.PermMember&^wire.PermViewChannel)
	b.want("POST", post, `{"content":"x",`+noMentions+`}`, 403, 50001)
	b.s.SetBotPermissions(b.defaults.Channel.ID, wire.PermMember&^wire.PermSendMessages)
	b.want("POST", post, `{"content":"x",`+noMentions+`}`, 403, 50013)
	b.s.SetBotPermissions(b.defaults.Channel.ID, wire.PermMember&^wire.PermAttachFiles)
	b.want("POST", post, `{"content":"x",`+noMentions+`}`, 403, 50013, part{"a.png", square(2)})
	_, callback, hook := b.command()
	b.want("POST", callback, `{"type":5}`, 204, 0)
	b.want("PATCH", hook+"/messages/@original", `{"attachments":[{"id":"0"}],`+noMentions+`}`, 403, 50013, part{"a.png", square(2)})
	b.want("PATCH", hook+"/messages/@original", `{"content":"no picture may be sent here",`+noMentions+`}`, 200, 0)

	raw := b.want("POST", post, `{"content":"mine",`+noMentions+`}`, 200, 0)
	var m wire.Message
	json.Unmarshal(raw, &m)
	if err := b.s.DeleteMessage(b.defaults.Member.ID, m.ID); err == nil {
		t.Error("an ordinary member deletes the bot's message, want a refusal")
	}
	if err := b.s.DeleteMessage(b.defaults.Moderator.ID, m.ID); err != nil {
		t.Errorf("a moderator deletes: got %v, want nil", err)
	}
	b.want("PATCH", post+"/"+m.ID, `{"content":"x",`+noMentions+`}`, 404, 10008)
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

package sandbox_test

import (
	"strings"
	"testing"
)

// components are the members of a message with one row of these components.
func components(list string) string {
	return `"content":"x","components":[{"type":1,"components":[` + list + `]}]`
}

// repeat is a JSON list of n equal entries, without its brackets.
func repeat(entry string, n int) string {
	return strings.TrimSuffix(strings.Repeat(entry+",", n), ",")
}

func TestMessageLimits(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	for _, rule := range []string{"refused", "openapi", "unknown-field", "allowed-mentions"} {
		b.s.Rules().Allow(rule)
	}
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	button := func(id string) string { return `{"type":2,"style":1,"label":"x","custom_id":"` + id + `"}` }
	link := `{"type":1,"components":[{"type":2,"style":5,"label":"x","url":"https://example.org"}]}`
	embed := func(n int) string { return `{"description":"` + strings.Repeat("x", n) + `"}` }
	text := `{"type":2,"style":1,"custom_id":"a","emoji":{"name":"sun"}}`
	v2 := `"content":"x","flags":32768,"components":[{"type":10,"content":"y"}]`
	for name, tc := range map[string]struct {
		body         string
		status, code int
	}{
		"2001 characters":           {quiet(`"content":"` + strings.Repeat("é", 2001) + `"`), 400, 50035},
		"2000 characters":           {quiet(`"content":"` + strings.Repeat("é", 2000) + `"`), 200, 0},
		"an empty message":          {quiet(`"content":""`), 400, 50006},
		"no JSON":                   {`{`, 400, 50109},
		"a number for content":      {`{"content":5}`, 400, 50035},
		"two equal custom_ids":      {quiet(components(button("a") + `,` + button("a"))), 400, 50035},
		"a custom_id of 101":        {quiet(components(button(strings.Repeat("a", 101)))), 400, 50035},
		"six rows":                  {quiet(`"content":"x","components":[` + repeat(link, 6) + `]`), 400, 50035},
		"a text as emoji":           {quiet(components(text)), 400, 50035},
		"content with V2":           {quiet(v2), 400, 50035},
		"a long nonce":              {quiet(`"content":"x","nonce":"` + strings.Repeat("1", 26) + `"`), 400, 50035},
		"parse and users together":  {`{"content":"x","allowed_mentions":{"parse":["users"],"users":["1"]}}`, 400, 50035},
		"6001 characters of embeds": {quiet(`"embeds":[` + embed(4000) + `,` + embed(2001) + `]`), 400, 50035},
		"a reply to nothing":        {quiet(`"content":"x","message_reference":{"message_id":"1"}`), 400, 50035},
		"a select menu of 26 options": {quiet(components(`{"type":3,"custom_id":"s","options":[` +
			repeat(`{"label":"a","value":"b"}`, 26) + `]}`)), 400, 50035},
		"an unknown field is ignored":    {quiet(`"content":"x","wrong":1`), 200, 0},
		"without mentions, it is posted": {`{"content":"x"}`, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			status, code, raw := b.do("POST", post, tc.body)
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

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	for _, rule := range []string{"refused", "openapi"} {
		b.s.Rules().Allow(rule)
	}
	post, commands := "/channels/"+b.defaults.Channel.ID+"/messages", "/applications/"+b.s.AppID()+"/commands"
	unordered := `{"name":"x","description":"x","options":[{"type":3,"name":"a","description":"a"},` +
		`{"type":3,"name":"b","description":"b","required":true}]}`
	for name, tc := range map[string]struct {
		method, path, body string
		status, code       int
	}{
		"an unknown channel":         {"POST", "/channels/1/messages", quiet(`"content":"x"`), 404, 10003},
		"an unknown message":         {"PATCH", post + "/1", quiet(`"content":"x"`), 404, 10008},
		"a bad command name":         {"POST", commands, `{"name":"Bad Name","description":"x"}`, 400, 50035},
		"optional before required":   {"POST", commands, unordered, 400, 50035},
		"another app's commands":     {"GET", "/applications/1/commands", "", 403, 20012},
		"an unknown command":         {"DELETE", commands + "/1", "", 404, 10063},
		"an unknown path":            {"GET", "/nowhere", "", 404, 0},
		"a limit of 101":             {"GET", post + "?limit=101", "", 400, 50035},
		"a DM with an unknown user":  {"POST", "/users/@me/channels", `{"recipient_id":"1"}`, 404, 10013},
		"reading an unknown message": {"GET", post + "/1", "", 404, 10008},
		"an unknown interaction":     {"POST", "/interactions/1/x/callback", `{"type":5}`, 404, 10062},
	} {
		t.Run(name, func(t *testing.T) {
			status, code, raw := b.do(tc.method, tc.path, tc.body)
			if status != tc.status || code != tc.code {
				t.Errorf("got %d/%d %.300s, want %d/%d", status, code, raw, tc.status, tc.code)
			}
		})
	}
}

package rules_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox/rules"
)

const (
	callback   = "/interactions/1/tok/callback"
	original   = "/webhooks/1/tok/messages/@original"
	noMentions = `"allowed_mentions":{"parse":[]}`
)

func request(method, path, body string) rules.Request {
	h := http.Header{"User-Agent": {"DiscordBot (https://example.org, 1)"}, "Content-Type": {"application/json"}}
	return rules.Request{Time: time.Unix(1000, 0), Method: method, Path: path, Body: []byte(body), Header: h, Status: 200}
}

// edit is an edit of the first response, with these members and quiet mentions.
func edit(members string) rules.Request {
	return request("PATCH", original, `{`+members+`,`+noMentions+`}`)
}

// answer is a callback of this type with these data.
func answer(kind int, data string) rules.Request {
	return request("POST", callback, fmt.Sprintf(`{"type":%d,"data":{%s}}`, kind, data))
}

// with changes a request.
func with(r rules.Request, change func(*rules.Request)) rules.Request {
	r.Header = r.Header.Clone()
	change(&r)
	return r
}

// withFile adds a file part to a request.
func withFile(r rules.Request, name string) rules.Request {
	r.Files = []rules.File{{Field: "files[0]", Name: name, Size: 1}}
	return r
}

func TestChecker(t *testing.T) {
	t.Parallel()
	nullParse, everyone := `"allowed_mentions":{"parse":null}`, `"allowed_mentions":{"parse":["everyone"]}`
	button := `"components":[{"type":1,"components":[{"type":2,"colour":1}]}]`
	refused := func(r *rules.Request) { r.Status, r.Answer = 400, []byte(`{"code":50035,"errors":{}}`) }
	noAgent := func(r *rules.Request) { r.Header.Del("User-Agent") }
	plainText := func(r *rules.Request) { r.Header.Set("Content-Type", "text/plain") }
	empty := request("PATCH", original, `{`+noMentions+`}`)
	nonce := request("POST", "/channels/1/messages", `{"content":"x","enforce_nonce":true,`+noMentions+`}`)
	for name, tc := range map[string]struct {
		in   rules.Request
		want string // the rule, "" for none
	}{
		"a quiet edit":                   {edit(`"content":"x"`), ""},
		"an edit without mentions":       {request("PATCH", original, `{"content":"x"}`), "allowed-mentions"},
		"mentions with parse null":       {request("PATCH", original, `{"content":"x",`+nullParse+`}`), "allowed-mentions"},
		"mentions of everyone":           {request("PATCH", original, `{"content":"x",`+everyone+`}`), "allowed-mentions"},
		"a callback without mentions":    {answer(4, `"content":"x"`), "allowed-mentions"},
		"a deferred callback":            {answer(5, `"flags":64`), ""},
		"a deferred callback with text":  {answer(5, `"content":"x"`), "defer"},
		"a deferred callback that is V2": {answer(5, `"flags":32768`), "defer"},
		"autocomplete without choices":   {answer(8, ``), "autocomplete"},
		"an empty list of choices":       {answer(8, `"choices":[]`), ""},
		"components null":                {edit(`"components":null`), "null-list"},
		"embeds null in a V2 edit":       {edit(`"embeds":null,"content":null,"flags":32768`), ""},
		"an unknown field":               {edit(`"Content":"x"`), "unknown-field"},
		"an unknown component field":     {edit(button), "unknown-field"},
		"enforce_nonce alone":            {nonce, "nonce"},
		"a body that was refused":        {with(empty, refused), "refused"},
		"no user agent":                  {with(request("GET", "/gateway", ""), noAgent), "user-agent"},
		"text as body":                   {with(empty, plainText), "content-type"},
		"a file name with a path":        {withFile(answer(4, noMentions), "../x.png"), "files"},
		"an edit with files and no list": {withFile(empty, "x.png"), "files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := rules.NewChecker()
			b.Record(tc.in)
			got := b.Violations()
			if tc.want == "" && len(got) > 0 || tc.want != "" && (len(got) != 1 || got[0].Rule != tc.want) {
				t.Errorf("got %v, want rule %q", got, tc.want)
			}
			b.Allow(tc.want)
			if left := b.Violations(); len(left) > 0 {
				t.Errorf("got %v after allowing it, want none", left)
			}
		})
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	dead := func(r *rules.Request) { r.Status, r.Answer = 401, []byte(`{"code":50027}`) }
	limited := func(r *rules.Request) { r.Status, r.Wait = 429, time.Second }
	unauthorized := func(r *rules.Request) { r.Status, r.Bot = 401, true }
	for name, tc := range map[string]struct {
		first func(*rules.Request)
		later time.Duration
		want  string
	}{
		"after a dead token":        {dead, time.Hour, "dead-token"},
		"before Retry-After":        {limited, 500 * time.Millisecond, "rate-limit"},
		"after Retry-After":         {limited, time.Second, ""},
		"after the token's refusal": {unauthorized, time.Hour, "after-401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := rules.NewChecker()
			first, second := edit(`"content":"x"`), edit(`"content":"x"`)
			tc.first(&first)
			second.Time, second.Bot = first.Time.Add(tc.later), first.Bot
			b.Record(first)
			b.Record(second)
			var got []string
			for _, v := range b.Violations() {
				got = append(got, v.Rule)
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("got %v, want %q", got, tc.want)
			}
		})
	}
}

func TestViolationsHideTokens(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("secret", 10)
	b := rules.NewChecker()
	b.Record(request("PATCH", "/webhooks/1/"+token+"/messages/@original", `{}`))
	for _, v := range b.Violations() {
		if strings.Contains(v.String(), token) {
			t.Errorf("got %s, want the token shortened", v)
		}
	}
}

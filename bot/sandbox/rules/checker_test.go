package rules_test

import (
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

func TestChecker(t *testing.T) {
	t.Parallel()
	with := func(r rules.Request, change func(*rules.Request)) rules.Request {
		change(&r)
		return r
	}
	for name, tc := range map[string]struct {
		in   rules.Request
		want string // the rule, "" for none
	}{
		"a quiet edit":                     {request("PATCH", original, `{"content":"x",`+noMentions+`}`), ""},
		"an edit without mentions":         {request("PATCH", original, `{"content":"x"}`), "allowed-mentions"},
		"mentions with parse null":         {request("PATCH", original, `{"content":"x","allowed_mentions":{"parse":null}}`), "allowed-mentions"},
		"everyone let through":             {request("PATCH", original, `{"content":"x","allowed_mentions":{"parse":["everyone"]}}`), "allowed-mentions"},
		"a callback without mentions":      {request("POST", callback, `{"type":4,"data":{"content":"x"}}`), "allowed-mentions"},
		"a deferred callback":              {request("POST", callback, `{"type":5,"data":{"flags":64}}`), ""},
		"a deferred callback with text":    {request("POST", callback, `{"type":5,"data":{"content":"x"}}`), "defer"},
		"a deferred callback that is V2":   {request("POST", callback, `{"type":5,"data":{"flags":32768}}`), "defer"},
		"choices left out":                 {request("POST", callback, `{"type":8,"data":{}}`), "autocomplete"},
		"no choices":                       {request("POST", callback, `{"type":8,"data":{"choices":[]}}`), ""},
		"components null":                  {request("PATCH", original, `{"components":null,`+noMentions+`}`), "null-list"},
		"embeds null in a V2 edit":         {request("PATCH", original, `{"embeds":null,"content":null,"flags":32768,`+noMentions+`}`), ""},
		"a field nobody knows":             {request("PATCH", original, `{"Content":"x",`+noMentions+`}`), "unknown-field"},
		"a component's field nobody knows": {request("PATCH", original, `{"components":[{"type":1,"components":[{"type":2,"colour":1}]}],`+noMentions+`}`), "unknown-field"},
		"enforce_nonce alone":              {request("POST", "/channels/1/messages", `{"content":"x","enforce_nonce":true,`+noMentions+`}`), "nonce"},
		"a body that was refused": {with(request("PATCH", original, `{`+noMentions+`}`), func(r *rules.Request) {
			r.Status, r.Answer = 400, []byte(`{"code":50035,"errors":{}}`)
		}), "refused"},
		"no user agent": {with(request("GET", "/gateway", ""), func(r *rules.Request) { r.Header.Del("User-Agent") }), "user-agent"},
		"text as body":  {with(request("PATCH", original, `{`+noMentions+`}`), func(r *rules.Request) { r.Header.Set("Content-Type", "text/plain") }), "content-type"},
		"a file name with a path": {with(request("POST", callback, `{"type":4,"data":{`+noMentions+`}}`), func(r *rules.Request) {
			r.Files = []rules.File{{Field: "files[0]", Name: "../x.png", Size: 1}}
		}), "files"},
		"an edit with files and no list": {with(request("PATCH", original, `{`+noMentions+`}`), func(r *rules.Request) {
			r.Files = []rules.File{{Field: "files[0]", Name: "x.png", Size: 1}}
		}), "files"},
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
	quiet := `{"content":"x",` + noMentions + `}`
	for name, tc := range map[string]struct {
		first func(*rules.Request)
		later time.Duration
		want  string
	}{
		"after a dead token":        {func(r *rules.Request) { r.Status, r.Answer = 401, []byte(`{"code":50027}`) }, time.Hour, "dead-token"},
		"before Retry-After":        {func(r *rules.Request) { r.Status, r.Wait = 429, time.Second }, 500 * time.Millisecond, "rate-limit"},
		"after Retry-After":         {func(r *rules.Request) { r.Status, r.Wait = 429, time.Second }, time.Second, ""},
		"after the token's refusal": {func(r *rules.Request) { r.Status, r.Bot = 401, true }, time.Hour, "after-401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := rules.NewChecker()
			first, second := request("PATCH", original, quiet), request("PATCH", original, quiet)
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

package sandbox_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	b := newRestBot(t)
	b.s.Rules().Allow("rate-limit")
	b.s.Rules().Allow("after-401")
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	body := quiet(`"content":"x","nonce":"7","enforce_nonce":true`)
	there := regexp.MustCompile(`^/channels/\d+/messages$`)

	b.s.Fail(sandbox.Fault{Path: there, Status: 502})
	b.want("POST", post, body, 502, 0)
	b.s.Fail(sandbox.Fault{Path: there, Drop: true})
	b.want("POST", post, body, 0, 0)
	if n := len(b.s.VisibleMessages(b.defaults.Member.ID, b.defaults.Channel.ID)); n != 1 {
		t.Errorf("got %d messages after a lost response, want 1: Discord posted it", n)
	}
	b.s.Fail(sandbox.Fault{Path: there, Reset: true})
	b.want("POST", post, body, 0, 0, part{"a.png", make([]byte, 1<<20)})
	b.s.Fail(sandbox.Fault{Path: there, Scope: "shared", After: time.Second})
	if raw := b.want("POST", post, body, 429, 0); !strings.Contains(string(raw), `"retry_after":1`) {
		t.Errorf("got %s, want retry_after 1", raw)
	}
	b.s.Fail(sandbox.Fault{Path: there, HTML: true, Status: 429})
	if raw := b.want("POST", post, body, 429, 0); !strings.Contains(string(raw), "1015") {
		t.Errorf("got %s, want Cloudflare's page", raw)
	}
	waitAndRemove(b, post, body, there)
	b.s.RevokeToken(true)
	b.want("POST", post, body, 401, 0)
	b.want("GET", "/users/@me", "", 401, 0)
}

// waitAndRemove tries a request that is held, and a fault that stays until it is removed.
func waitAndRemove(b *restBot, post, body string, there *regexp.Regexp) {
	hold, done := make(chan struct{}), make(chan struct{})
	b.s.Fail(sandbox.Fault{Path: there, Hold: hold})
	go func() {
		defer close(done)
		b.want("POST", post, body, 200, 0)
	}()
	close(hold)
	<-done
	remove := b.s.Fail(sandbox.Fault{Path: there, Status: 500, Times: -1})
	b.want("POST", post, body, 500, 0)
	b.want("POST", post, body, 500, 0)
	remove()
	b.want("POST", post, body, 200, 0)
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	limits := sandbox.Limits{
		Post: sandbox.Limit{Count: 2, Per: time.Hour}, Global: sandbox.Limit{Count: 4, Per: time.Hour}}
	s := sandboxtest.Start(t, sandbox.Options{Limits: &limits})
	s.Rules().Allow("rate-limit")
	b := &restBot{t, s, s.Defaults(), nil}
	post := "/channels/" + b.defaults.Channel.ID + "/messages"
	b.want("POST", post, quiet(`"content":"1"`), 200, 0)
	b.want("POST", post, quiet(`"content":"2"`), 200, 0)
	raw := b.want("POST", post, quiet(`"content":"3"`), 429, 0)
	if !strings.Contains(string(raw), `"global":false`) {
		t.Errorf("got %s, want a limit of this route", raw)
	}
	b.want("GET", "/users/@me", "", 200, 0)
	if raw := b.want("GET", "/users/@me", "", 429, 0); !strings.Contains(string(raw), `"global":true`) {
		t.Errorf("got %s, want a global limit", raw)
	}
}

package rules

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// history holds the rules that depend on earlier requests.
type history struct {
	unauthorized bool                 // the bot token was refused
	dead         map[string]bool      // interaction tokens that were refused
	until        map[string]time.Time // the end of each route's rate limit
	global       time.Time            // the end of the global rate limit
}

// grace allows for a bot's clock that is a little fast, and for a request that the bot sent before it got the 429.
const grace = 100 * time.Millisecond

// check checks a request against the earlier ones and returns pairs of rule and detail.
func (h *history) check(r Request) [][2]string {
	var found [][2]string
	add := func(rule, detail string) { found = append(found, [2]string{rule, detail}) }
	token, route := webhookToken(r.Path), r.Method+" "+r.Path
	if r.Bot && h.unauthorized {
		add("after-401", "a request with a bot token that was refused before")
	}
	if token != "" && h.dead[token] {
		add("dead-token", "a request with an interaction token that was refused before")
	}
	if r.Time.Add(grace).Before(h.until[route]) {
		add("rate-limit", "sent before the Retry-After of an earlier 429 had passed")
	}
	if r.Bot && r.Time.Add(grace).Before(h.global) {
		add("rate-limit", "sent during a global limit")
	}
	h.remember(r, token, route)
	return found
}

func (h *history) remember(r Request, token, route string) {
	var answer struct {
		Code   int  `json:"code"`
		Global bool `json:"global"`
	}
	err := json.Unmarshal(r.Answer, &answer) // a response without JSON leaves the zero values
	byProxy := err != nil && len(r.Answer) > 0
	switch {
	case r.Status == http.StatusUnauthorized && answer.Code == 50027, answer.Code == 10015 && token != "":
		h.dead[token] = true
	case r.Status == http.StatusUnauthorized && r.Bot && !byProxy:
		h.unauthorized = true
	case r.Status == http.StatusTooManyRequests && answer.Global:
		h.global = r.Time.Add(r.Wait)
	case r.Status == http.StatusTooManyRequests:
		h.until[route] = r.Time.Add(r.Wait)
	}
}

// webhookToken returns the interaction token in a path; "" if there is none.
func webhookToken(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) >= 3 && parts[0] == "webhooks" {
		return parts[2]
	}
	return ""
}

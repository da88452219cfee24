package rules

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Request is one request of the bot, and how it was answered.
type Request struct {
	Time   time.Time
	Method string
	Path   string // without "/api/v10"
	Header http.Header
	Body   []byte // the JSON body, or the payload_json part of a multipart one
	Files  []File
	Status int // 0 when the connection was broken on purpose
	Answer []byte
	Wait   time.Duration // a 429's Retry-After
	Bot    bool          // carried a bot token that was asked for
}

// File is a file part of a multipart body.
type File struct {
	Field string // "files[0]"
	Name  string // as sent
	Size  int
}

// Violation is one broken rule.
type Violation struct {
	Rule    string // a short name, such as "allowed-mentions"
	Request string // "PATCH /webhooks/…", tokens shortened
	Detail  string
}

// String implements fmt.Stringer.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s (%s)", v.Rule, v.Detail, v.Request)
}

// Check looks at one request and names what is wrong with it.
type Check func(Request) []string

// Checker watches a bot and keeps what it did wrong.
type Checker struct {
	mu       sync.Mutex
	found    []Violation
	extra    map[string]Check
	allowed  []string
	requests []Request
	history  history
}

// NewChecker returns an empty book with all of this package's rules.
func NewChecker() *Checker {
	return &Checker{extra: map[string]Check{}, history: history{dead: map[string]bool{}, until: map[string]time.Time{}}}
}

// Add adds a check of one's own under a rule's name.
func (b *Checker) Add(rule string, c Check) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.extra[rule] = c
}

// Allow lets violations pass whose text contains this; for tests that provoke one.
func (b *Checker) Allow(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, text)
}

// Record judges one request. It is called in the order the requests were answered.
func (b *Checker) Record(r Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, r)
	for _, rule := range requestRules {
		b.addViolations(rule.name, r, rule.check(r))
	}
	for name, check := range b.extra {
		b.addViolations(name, r, check(r))
	}
	for _, f := range b.history.check(r) {
		b.addViolations(f[0], r, []string{f[1]})
	}
}

func (b *Checker) addViolations(rule string, r Request, details []string) {
	for _, d := range details {
		b.found = append(b.found, Violation{rule, r.Method + " " + shorten(r.Path), d})
	}
}

// Report adds a violation found elsewhere, such as an interaction nobody answered.
func (b *Checker) Report(v Violation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, v)
}

// Violations lists what was found and not allowed.
func (b *Checker) Violations() []Violation {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Violation
	for _, v := range b.found {
		if !b.allows(v) {
			list = append(list, v)
		}
	}
	return list
}

// Allows says whether a violation is let pass.
func (b *Checker) Allows(v Violation) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.allows(v)
}

func (b *Checker) allows(v Violation) bool {
	for _, text := range b.allowed {
		if strings.Contains(v.String(), text) {
			return true
		}
	}
	return false
}

// Requests lists every request so far.
func (b *Checker) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Request(nil), b.requests...)
}

// shorten cuts the long tokens in a path.
func shorten(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if len(p) > 24 {
			parts[i] = p[:8] + "…"
		}
	}
	return strings.Join(parts, "/")
}

package rules

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Request is one request of the bot and the response to it.
type Request struct {
	Time   time.Time
	Method string
	Path   string // without "/api/v10"
	Header http.Header
	Body   []byte // the JSON body, or the payload_json part of a multipart one
	Files  []File
	Status int // 0 if a fault broke the connection
	Answer []byte
	Wait   time.Duration // the Retry-After of a 429
	Bot    bool          // the route needs a bot token
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
	Request string // "PATCH /webhooks/…", with shortened tokens
	Detail  string
}

// String implements fmt.Stringer.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s (%s)", v.Rule, v.Detail, v.Request)
}

// Check checks one request and returns what is wrong with it.
type Check func(Request) []string

// Checker checks a bot's requests and collects the violations.
type Checker struct {
	mu       sync.Mutex
	found    []Violation
	extra    map[string]Check
	allowed  []string
	requests []Request
	history  history
}

// NewChecker returns a checker with all rules of this package.
func NewChecker() *Checker {
	return &Checker{extra: map[string]Check{}, history: history{dead: map[string]bool{}, until: map[string]time.Time{}}}
}

// Add adds a check under a rule's name.
func (c *Checker) Add(rule string, check Check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extra[rule] = check
}

// Allow ignores violations whose text contains this. It is for tests that provoke one.
func (c *Checker) Allow(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowed = append(c.allowed, text)
}

// Record checks one request. Call it in the order of the responses.
func (c *Checker) Record(r Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	for _, rule := range requestRules {
		c.addViolations(rule.name, r, rule.check(r))
	}
	for name, check := range c.extra {
		c.addViolations(name, r, check(r))
	}
	for _, f := range c.history.check(r) {
		c.addViolations(f[0], r, []string{f[1]})
	}
}

func (c *Checker) addViolations(rule string, r Request, details []string) {
	for _, d := range details {
		c.found = append(c.found, Violation{rule, r.Method + " " + shorten(r.Path), d})
	}
}

// Report adds a violation that something else found, such as an interaction without a response.
func (c *Checker) Report(v Violation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = append(c.found, v)
}

// Violations lists the violations that are not allowed.
func (c *Checker) Violations() []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Violation
	for _, v := range c.found {
		if !c.allows(v) {
			list = append(list, v)
		}
	}
	return list
}

// Allows reports whether a violation is ignored.
func (c *Checker) Allows(v Violation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allows(v)
}

func (c *Checker) allows(v Violation) bool {
	for _, text := range c.allowed {
		if strings.Contains(v.String(), text) {
			return true
		}
	}
	return false
}

// Requests lists every request so far.
func (c *Checker) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Request(nil), c.requests...)
}

// shorten shortens the tokens in a path.
func shorten(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if len(p) > 24 {
			parts[i] = p[:8] + "…"
		}
	}
	return strings.Join(parts, "/")
}

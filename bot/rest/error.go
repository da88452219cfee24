package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"darkroom/bot/message"
)

// ErrUnauthorized means that Discord refused the bot's own token. Nothing more is sent: further requests would be
// invalid too, and Discord bans addresses that send many of those.
var ErrUnauthorized = errors.New("the bot token was refused by Discord")

// Error is an answer of Discord that is not a success. Its text never holds a token.
type Error struct {
	Status       int    // HTTP status
	Code         int    // Discord's own code, 0 when the body had none
	Message      string // Discord's text
	Route        string // method and route with its ids and tokens left out
	Detail       string // the nested field errors of a 400, as JSON, shortened
	MaybeApplied bool   // an earlier try of the same request was not answered, so Discord may have applied it

	inJSON bool // the body was JSON, as Discord's is: a proxy in front of it answers in HTML
}

// Error describes the refusal in one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: HTTP %d", e.Route, e.Status)
	if e.Code != 0 || e.Message != "" {
		text += fmt.Sprintf(" (%d %s)", e.Code, e.Message)
	}
	if e.Detail != "" {
		text += " " + e.Detail
	}
	return text
}

// The codes that this bot acts on. Source: Discord's documentation, topics/opcodes-and-status-codes.
const (
	codeUnknownChannel     = 10003
	codeUnknownMessage     = 10008
	codeUnknownWebhook     = 10015
	codeUnknownInteraction = 10062
	codeTooLarge           = 40005
	codeAcknowledged       = 40060
	codeNoAccess           = 50001
	codeCannotDM           = 50007
	codeNoPermission       = 50013
	codeInvalidWebhook     = 50027
	codeFileTooLarge       = 50045

	// leastCode is the least of Discord's codes that say something. 0 is "general error", and what a proxy writes into a
	// field of the same name, such as the HTTP status, is less too.
	leastCode = 10001
)

// passingCodes are the refusals of Discord that say nothing about the request: another try may succeed.
var passingCodes = []int{
	40003,  // direct messages are opened too fast
	40004,  // sending messages is disabled for a while
	40006,  // the feature is disabled for a while
	40333,  // the network in front of Discord blocked the request
	130000, // Discord is overloaded
}

func hasCode(err error, codes ...int) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// MessageRemoved tells whether err says that the message is gone. After a post with a nonce it says that an earlier try
// arrived, and that somebody deleted the message.
func MessageRemoved(err error) bool { return hasCode(err, codeUnknownMessage) }

// Removed tells whether err says that the message, or the channel it was in, is gone.
func Removed(err error) bool { return hasCode(err, codeUnknownMessage, codeUnknownChannel) }

// Expired tells whether err says that an interaction's token is no longer valid.
func Expired(err error) bool {
	return hasCode(err, codeInvalidWebhook, codeUnknownWebhook, codeUnknownInteraction)
}

// Acknowledged tells whether err says that the interaction was answered already.
func Acknowledged(err error) bool { return hasCode(err, codeAcknowledged) }

// Forbidden tells whether err says that the bot may not write there.
func Forbidden(err error) bool {
	return hasCode(err, codeNoAccess, codeNoPermission, codeCannotDM)
}

// ByProxy tells whether err is a refusal that Discord did not make: a proxy in front of it did. It passes, but a bot
// that asks too often is blocked for longer.
func ByProxy(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.unanswered()
}

// MaybeApplied tells whether Discord may have done what it refused in err: an earlier try of the same request was not
// answered.
func MaybeApplied(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.MaybeApplied
}

// unanswered tells whether somebody else than Discord answered, or Discord in trouble: it may have applied the request.
func (e *Error) unanswered() bool { return e.Status != http.StatusTooManyRequests && !Final(e) }

// TooLarge tells whether err says that the files are larger than the place allows.
func TooLarge(err error) bool {
	var e *Error
	return hasCode(err, codeTooLarge, codeFileTooLarge) ||
		errors.As(err, &e) && e.Status == http.StatusRequestEntityTooLarge
}

// Final tells whether trying again cannot help: Discord understood the request and refused it. Only an answer with one
// of Discord's codes was considered by Discord. Any other 4xx is a proxy's, such as a block page or a timeout, and
// passes. A refusal of the bot's own token says nothing about the request: its operator can change the token. Files
// that are too large stay too large, whoever says so.
func Final(err error) bool {
	var e *Error
	if errors.Is(err, ErrUnauthorized) || !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Status < 400 || e.Status >= 500 || e.Status == http.StatusTooManyRequests:
		return false
	case e.Status == http.StatusRequestEntityTooLarge:
		return true
	}
	return e.Code >= leastCode && !slices.Contains(passingCodes, e.Code)
}

// readError turns an unsuccessful answer into an Error. body may be HTML, as it is when a proxy answers for Discord.
func readError(route string, status int, body []byte) *Error {
	e := &Error{Status: status, Route: route}
	var answer struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Errors  json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil {
		e.Code, e.Message, e.inJSON = answer.Code, answer.Message, true
		e.Detail = message.Shorten(string(answer.Errors), 400)
	}
	return e
}

// tokenPattern matches what no log may hold: the secret part of a webhook or callback path, and a bot token.
var tokenPattern = regexp.MustCompile(
	`((?:webhooks|interactions)/\d+/)[^/\s"'?]+|\b[A-Za-z0-9_-]{18,}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{20,}`,
)

// Redact replaces interaction and bot tokens in text. The log of the program does so too, with other secrets.
func Redact(text string) string { return tokenPattern.ReplaceAllString(text, "${1}[secret]") }

// withoutURL removes the address that net/http puts into its errors, because it holds the interaction token.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// waitTooLongError is the error of a limit that lasts longer than the caller has time.
type waitTooLongError struct {
	route string
	wait  time.Duration
}

func (e *waitTooLongError) Error() string {
	return fmt.Sprintf("%s: rate limited for %s, longer than there is time", e.route, e.wait.Round(time.Millisecond))
}

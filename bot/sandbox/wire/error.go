package wire

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Error is an error response of the REST API: an HTTP status and a JSON body.
type Error struct {
	Status  int
	Code    int
	Message string
	Errors  map[string]any // errors of single fields, nested by path; may be nil
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d (%d): %s", e.Status, e.Code, e.Message) }

// MarshalJSON writes the body of the response.
func (e *Error) MarshalJSON() ([]byte, error) {
	body := map[string]any{"message": e.Message, "code": e.Code}
	if e.Errors != nil {
		body["errors"] = e.Errors
	}
	return json.Marshal(body)
}

// errorTable holds the errors whose text is always the same, by Discord's code.
var (
	errorTable = map[int]Error{
		10003: {404, 10003, "Unknown Channel", nil},
		10004: {404, 10004, "Unknown Guild", nil},
		10008: {404, 10008, "Unknown Message", nil},
		10013: {404, 10013, "Unknown User", nil},
		10015: {404, 10015, "Unknown Webhook", nil},
		10062: {404, 10062, "Unknown interaction", nil},
		10063: {404, 10063, "Unknown application command", nil},
		20012: {403, 20012, "You are not authorized to perform this action on this application", nil},
		20028: {403, 20028, "The write action you are performing on the channel has hit the write rate limit", nil},
		40002: {403, 40002, "You need to verify your account in order to perform this action", nil},
		40005: {413, 40005, "Request entity too large", nil},
		40060: {400, 40060, "Interaction has already been acknowledged.", nil},
		50001: {403, 50001, "Missing Access", nil},
		50005: {403, 50005, "Cannot edit a message authored by another user", nil},
		50006: {400, 50006, "Cannot send an empty message", nil},
		50007: {403, 50007, "Cannot send messages to this user", nil},
		50013: {403, 50013, "Missing Permissions", nil},
		50024: {403, 50024, "Cannot execute action on this channel type", nil},
		50027: {401, 50027, "Invalid Webhook Token", nil},
		50083: {400, 50083, "Thread is archived", nil},
		50109: {400, 50109, "The request body contains invalid JSON.", nil},

		160005: {400, 160005, "Thread is locked", nil},
		200000: {400, 200000, "Message was blocked by automatic moderation", nil},
		240000: {400, 240000, "Message blocked by harmful links filter", nil},
	}
)

// Refuse returns the error for one of Discord's codes.
func Refuse(code int) *Error {
	e, ok := errorTable[code]
	if !ok {
		e = Error{Status: 400, Code: code, Message: "Error"}
	}
	return &e
}

// Unauthorized returns the error for a missing or wrong bot token.
func Unauthorized() *Error { return &Error{Status: 401, Message: "401: Unauthorized"} }

// NotFound returns the error for an unknown route.
func NotFound() *Error { return &Error{Status: 404, Message: "404: Not Found"} }

// FieldErrors collects what is wrong with a body, field by field.
type FieldErrors struct{ tree map[string]any }

// Add adds an error at a path such as "embeds.0.title".
func (f *FieldErrors) Add(at, code, format string, args ...any) {
	if f.tree == nil {
		f.tree = map[string]any{}
	}
	node := f.tree
	for part := range strings.SplitSeq(at, ".") {
		next, ok := node[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			node[part] = next
		}
		node = next
	}
	list, _ := node["_errors"].([]any)
	node["_errors"] = append(list, map[string]any{"code": code, "message": fmt.Sprintf(format, args...)})
}

// MaxLength adds an error if s has more than most characters.
func (f *FieldErrors) MaxLength(at, s string, most int) {
	if length(s) > most {
		f.Add(at, "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", most)
	}
}

// LengthBetween adds an error if s has fewer than least or more than most characters.
func (f *FieldErrors) LengthBetween(at, s string, least, most int) {
	if n := length(s); n < least || n > most {
		f.Add(at, "BASE_TYPE_BAD_LENGTH", "Must be between %d and %d in length.", least, most)
	}
}

// MaxCount adds an error if a list has more than most entries.
func (f *FieldErrors) MaxCount(at string, n, most int) {
	if n > most {
		f.Add(at, "BASE_TYPE_MAX_LENGTH", "Must be %d or fewer in length.", most)
	}
}

// Err returns a 50035 with all errors; nil if there are none.
func (f *FieldErrors) Err() error {
	if f.tree == nil {
		return nil
	}
	return &Error{Status: 400, Code: 50035, Message: "Invalid Form Body", Errors: f.tree}
}

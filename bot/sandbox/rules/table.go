package rules

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// requestRules are the rules that check a single request.
var requestRules = []struct {
	name  string
	check Check
}{
	{"user-agent", userAgent},
	{"content-type", contentType},
	{"refused", refused},
	{"allowed-mentions", allowedMentions},
	{"unknown-field", unknownFields},
	{"null-list", nullLists},
	{"files", fileNames},
	{"defer", deferFlags},
	{"autocomplete", choices},
	{"nonce", nonce},
}

var agent = regexp.MustCompile(`^DiscordBot \(\S+, \S+\)( .*)?$`)

func userAgent(r Request) []string {
	if ua := r.Header.Get("User-Agent"); !agent.MatchString(ua) {
		return []string{fmt.Sprintf("User-Agent is %q, want \"DiscordBot (url, version)\"", ua)}
	}
	return nil
}

func contentType(r Request) []string {
	t := r.Header.Get("Content-Type")
	if len(r.Body) > 0 && !strings.HasPrefix(t, "application/json") && !strings.HasPrefix(t, "multipart/form-data") {
		return []string{fmt.Sprintf("a body of type %q", t)}
	}
	return nil
}

// faultCodes are error codes that a correct bot never gets, and what the bot did to get them.
var faultCodes = map[int]string{
	50035: "sent a body that breaks a limit",
	50109: "sent a body that is not JSON",
	50006: "sent an empty message",
	40060: "responded to an interaction twice",
	10062: "responded to an interaction too late, or to one that does not exist",
	50005: "edited somebody else's message",
	40005: "sent more bytes than the channel allows",
	30032: "registered too many commands",
}

func refused(r Request) []string {
	var e struct {
		Code   int             `json:"code"`
		Errors json.RawMessage `json:"errors"`
	}
	if r.Status < 400 || json.Unmarshal(r.Answer, &e) != nil {
		return nil
	}
	if meaning, ok := faultCodes[e.Code]; ok {
		return []string{fmt.Sprintf("%s (code %d) %s", meaning, e.Code, e.Errors)}
	}
	return nil
}

// object is a JSON object whose values are not decoded.
type object = map[string]json.RawMessage

// message finds the message in a request: the body itself, or the data of a callback. edit is true if the request
// changes an existing message.
func message(r Request) (m object, edit, ok bool) {
	parts := strings.Split(strings.Trim(r.Path, "/"), "/")
	var body object
	if r.Method != http.MethodPost && r.Method != http.MethodPatch || json.Unmarshal(r.Body, &body) != nil {
		return nil, false, false
	}
	if isCallback(r) {
		kind := string(body["type"])
		if kind != "4" && kind != "7" || body["data"] == nil || json.Unmarshal(body["data"], &m) != nil {
			return nil, false, false
		}
		return m, kind == "7", true
	}
	isMessage := parts[0] == "webhooks" || len(parts) >= 3 && parts[0] == "channels" && parts[2] == "messages"
	return body, r.Method == http.MethodPatch, isMessage
}

func isCallback(r Request) bool {
	return strings.HasPrefix(r.Path, "/interactions/") && strings.HasSuffix(r.Path, "/callback")
}

func allowedMentions(r Request) []string {
	m, _, ok := message(r)
	if !ok {
		return nil
	}
	var a struct {
		Parse *[]string `json:"parse"`
	}
	if m["allowed_mentions"] == nil || json.Unmarshal(m["allowed_mentions"], &a) != nil || a.Parse == nil {
		return []string{"allowed_mentions with an explicit parse list is missing"}
	}
	for _, kind := range *a.Parse {
		if kind != "users" {
			return []string{fmt.Sprintf("allowed_mentions allows %q", kind)}
		}
	}
	return nil
}

var messageFields = set("content embeds components attachments allowed_mentions flags tts nonce enforce_nonce " +
	"message_reference sticker_ids poll shared_client_theme username avatar_url thread_name applied_tags")

func unknownFields(r Request) []string {
	m, _, ok := message(r)
	if !ok {
		return nil
	}
	var found []string
	for name := range m {
		if !messageFields[name] {
			found = append(found, fmt.Sprintf("a message has no field %q", name))
		}
	}
	return append(found, componentFields(m["components"])...)
}

var componentFieldNames = set("type id custom_id style label description emoji url sku_id disabled options " +
	"placeholder min_values max_values min_length max_length required value content media file items spoiler " +
	"accent_color divider spacing accessory component components channel_types default_values name size default " +
	"file_types")

// componentFields checks the fields of all components, at any depth.
func componentFields(raw json.RawMessage) []string {
	var list []object
	if raw == nil || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var found []string
	for _, c := range list {
		for name := range c {
			if !componentFieldNames[name] {
				found = append(found, fmt.Sprintf("a component has no field %q", name))
			}
		}
		found = append(found, componentFields(c["components"])...)
		for _, one := range []string{"accessory", "component"} {
			if c[one] != nil {
				found = append(found, componentFields(json.RawMessage("["+string(c[one])+"]"))...)
			}
		}
		found = append(found, mediaFields(c)...)
	}
	return found
}

// mediaFields checks the fields of a component's media items. What the API adds to a media item is not sent back, and
// least of all its signed link: it ends.
func mediaFields(c object) []string {
	var items []object
	_ = json.Unmarshal(c["items"], &items) // there may be none
	media := []json.RawMessage{c["media"], c["file"]}
	for _, item := range items {
		media = append(media, item["media"])
	}
	var found []string
	for _, raw := range media {
		var m object
		if raw == nil || json.Unmarshal(raw, &m) != nil {
			continue
		}
		for name := range m {
			if name != "url" {
				found = append(found, fmt.Sprintf("a media item has no field %q", name))
			}
		}
		if signedLink.Match(m["url"]) {
			found = append(found, "a media item is named by its signed link, want attachment://name")
		}
	}
	return found
}

// signedLink matches a link of Discord's CDN with its signature.
var signedLink = regexp.MustCompile(`[?&](?:ex|is|hm)=[0-9a-f]+`)

func set(names string) map[string]bool {
	m := map[string]bool{}
	for n := range strings.FieldsSeq(names) {
		m[n] = true
	}
	return m
}

package rules

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// v2 is the flag IS_COMPONENTS_V2, which forbids content and embeds. An edit that sets it must set both to null.
const v2 = 1 << 15

func nullLists(r Request) []string {
	m, _, ok := message(r)
	if !ok {
		return nil
	}
	flags, _ := strconv.Atoi(string(m["flags"]))
	var found []string
	for _, name := range []string{"embeds", "components", "attachments", "allowed_mentions", "sticker_ids"} {
		if string(m[name]) == "null" && !(name == "embeds" && flags&v2 != 0) {
			found = append(found, fmt.Sprintf("%s is null, want a list or no field", name))
		}
	}
	var a object
	_ = json.Unmarshal(m["allowed_mentions"], &a)     // a is nil if there are none
	for _, name := range []string{"users", "roles"} { // the rule "allowed-mentions" checks parse
		if string(a[name]) == "null" {
			found = append(found, fmt.Sprintf("allowed_mentions.%s is null", name))
		}
	}
	return found
}

var (
	fileField = regexp.MustCompile(`^files\[[0-9]\]$`)
	fileName  = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$`)
)

func fileNames(r Request) []string {
	var found []string
	for _, f := range r.Files {
		if !fileField.MatchString(f.Field) {
			found = append(found, fmt.Sprintf("the name of a file part is %q, want files[n]", f.Field))
		}
		if !fileName.MatchString(f.Name) {
			found = append(found, fmt.Sprintf("file name %q has characters other than A-Z a-z 0-9 . _ -", f.Name))
		}
		if f.Size == 0 {
			found = append(found, fmt.Sprintf("file %q is empty", f.Name))
		}
	}
	m, edit, ok := message(r)
	if ok && edit && len(r.Files) > 0 && m["attachments"] == nil {
		found = append(found, "an edit with files must list all attachments, kept and new")
	}
	return found
}

// ephemeral is the only flag that a deferred response may have.
const ephemeral = 1 << 6

func deferFlags(r Request) []string {
	var body struct {
		Type int    `json:"type"`
		Data object `json:"data"`
	}
	if !isCallback(r) || json.Unmarshal(r.Body, &body) != nil || body.Type != 5 && body.Type != 6 {
		return nil
	}
	var found []string
	for name, value := range body.Data {
		flags, _ := strconv.Atoi(string(value))
		if name != "flags" || flags&^ephemeral != 0 {
			found = append(found, fmt.Sprintf("a deferred response takes only the ephemeral flag, not %s=%s", name, value))
		}
	}
	return found
}

func choices(r Request) []string {
	var body struct {
		Type int    `json:"type"`
		Data object `json:"data"`
	}
	if !isCallback(r) || json.Unmarshal(r.Body, &body) != nil || body.Type != 8 {
		return nil
	}
	var list []json.RawMessage
	if raw := body.Data["choices"]; raw == nil || string(raw) == "null" || json.Unmarshal(raw, &list) != nil {
		return []string{"an autocomplete response needs a list of choices, which may be empty"}
	}
	return nil
}

func nonce(r Request) []string {
	m, _, ok := message(r)
	if ok && string(m["enforce_nonce"]) == "true" && (m["nonce"] == nil || string(m["nonce"]) == "null") {
		return []string{"enforce_nonce without a nonce"}
	}
	return nil
}

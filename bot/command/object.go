package command

import (
	"encoding/json"
	"strconv"
)

// object is a JSON object whose fields are read one by one, so that a field of an unexpected type affects no other.
type object map[string]json.RawMessage

// parseObject returns an empty object for JSON that is not an object.
func parseObject(raw json.RawMessage) object {
	var o object
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

func (o object) object(key string) object { return parseObject(o[key]) }

func (o object) has(key string) bool {
	v := o[key]
	return len(v) > 0 && string(v) != "null"
}

// list returns the objects of an array. Other elements are left out.
func (o object) list(key string) []object {
	var raw []json.RawMessage
	if json.Unmarshal(o[key], &raw) != nil {
		return nil
	}
	var out []object
	for _, r := range raw {
		if m := parseObject(r); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// text returns a string, or a number or boolean as it was written.
func (o object) text(key string) string {
	if !o.has(key) {
		return ""
	}
	var s string
	if json.Unmarshal(o[key], &s) == nil {
		return s
	}
	switch raw := string(o[key]); raw[0] {
	case '{', '[', '"':
		return ""
	default:
		return raw
	}
}

// texts returns an array of strings or numbers.
func (o object) texts(key string) []string {
	var raw []json.RawMessage
	if json.Unmarshal(o[key], &raw) != nil {
		return nil
	}
	var out []string
	for _, r := range raw {
		if s := (object{"v": r}).text("v"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// integer returns a whole number that is written as a number or as text; 0 if it is neither.
func (o object) integer(key string) int64 {
	text := o.text(key)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1<<53 && f < 1<<53 {
		return int64(f)
	}
	return 0
}

// permissions returns a permission set, which Discord writes as a decimal string.
func (o object) permissions(key string) uint64 {
	n, err := strconv.ParseUint(o.text(key), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (o object) boolean(key string) bool { return o.text(key) == "true" }

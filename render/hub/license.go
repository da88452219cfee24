package hub

import (
	"encoding/json"
	"strings"
)

// readLicense reads what a model's card says of its licence, or else the hub's own tag. A link without a host leads to
// a file of the repository, whose files lie at page.
func readLicense(card json.RawMessage, tags []string, page string) License {
	var said struct {
		License any    `json:"license"` // a text, or a list of texts
		Name    string `json:"license_name"`
		Link    string `json:"license_link"`
	}
	var l License
	if json.Unmarshal(card, &said) == nil {
		l = License{ID: shown(joined(said.License)), Name: shown(said.Name), Link: shown(said.Link)}
	}
	for _, tag := range tags {
		if id, ok := strings.CutPrefix(tag, "license:"); ok && l.ID == "" {
			l.ID = shown(id)
		}
	}
	if l.Link != "" && !strings.Contains(l.Link, "://") {
		l.Link = page + strings.TrimPrefix(l.Link, "/")
	}
	return l
}

func joined(license any) string {
	switch l := license.(type) {
	case string:
		return l
	case []any:
		var all []string
		for _, one := range l {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return strings.Join(all, ", ")
	}
	return ""
}

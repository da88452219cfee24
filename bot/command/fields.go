package command

import (
	"strings"

	"darkroom/render/request"
)

// readFields reads the values of a form. Texts are in action rows (the older form) or in labels. Other components give
// their values, joined by commas.
func readFields(data object) map[string]string {
	out := map[string]string{}
	for _, c := range formFields(data) {
		id := c.text("custom_id")
		switch {
		case c.has("values"):
			out[id] = strings.Join(c.texts("values"), ",")
		case c.has("value"):
			out[id] = c.text("value")
		}
		if isPrompt(id) {
			out[id] = plainWords(out[id])
		}
	}
	return out
}

// readUploads reads the files that were put into a form: the first of each field.
func readUploads(data object) map[string]request.Attachment {
	files := data.object("resolved").object("attachments")
	out := map[string]request.Attachment{}
	for _, c := range formFields(data) {
		for _, id := range c.texts("values") {
			if file := readAttachment(files.object(id)); file.URL != "" {
				out[c.text("custom_id")] = file
				break
			}
		}
	}
	return out
}

// formFields are the components of a form that were filled in: those in rows, those in labels, and those alone.
func formFields(data object) (all []object) {
	for _, row := range data.list("components") {
		inner := row.list("components")
		if c := row.object("component"); c != nil {
			inner = append(inner, c)
		}
		for _, c := range append(inner, row) {
			if c.text("custom_id") != "" {
				all = append(all, c)
			}
		}
	}
	return all
}

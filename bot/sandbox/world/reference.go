package world

import (
	"slices"
	"strings"

	"darkroom/bot/sandbox/wire"
)

// newNames returns the names of a draft's new files, as they will be stored.
func newNames(d *wire.Draft) (names []string) {
	for _, f := range d.Files {
		names = append(names, fileName(f, refFor(d, f.N)))
	}
	return names
}

// keptNames returns the names under which components may name the files that stay. Where a draft lists what stays, an
// entry without its file's name is not found under it.
func keptNames(d *wire.Draft, kept []wire.Attachment) (names []string) {
	for _, a := range kept {
		named := func(r wire.FileRef) bool { return r.Key() == a.ID && r.Filename != nil && *r.Filename == a.Filename }
		if !d.Has["attachments"] || !d.Has["components"] || slices.ContainsFunc(d.Attachments, named) {
			names = append(names, a.Filename)
		}
	}
	return names
}

// checkReferences refuses components that show a file which is not among names, or the CDN's copy of one: its link
// ends, and its file goes with the attachment. The lock is held.
func (w *World) checkReferences(m *Message, names []string) error {
	var f wire.FieldErrors
	wire.WalkMedia(m.Components, "components", func(at string, item *wire.Media) {
		name, named := strings.CutPrefix(item.URL, wire.AttachmentScheme)
		if named && !slices.Contains(names, name) || !named && w.isOwnLink(item.URL) {
			f.Add(at, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", "The referenced attachment was not found")
		}
	})
	return f.Err()
}

// isOwnLink reports whether an address leads to the CDN. The lock is held.
func (w *World) isOwnLink(address string) bool {
	return w.base != "" && strings.HasPrefix(address, w.base+"/attachments/")
}

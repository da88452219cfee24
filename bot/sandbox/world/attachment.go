package world

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"  // Discord measures GIFs,
	_ "image/jpeg" // JPEGs
	_ "image/png"  // and PNGs
	"net/http"
	"strconv"
	"strings"

	"darkroom/bot/sandbox/wire"
)

// storeFiles stores a draft's new files for a message. The lock is held.
func (w *World) storeFiles(c *wire.Channel, m *Message, d *wire.Draft) ([]wire.Attachment, error) {
	if len(d.Files) > 0 && w.botBits(c)&wire.PermAttachFiles == 0 && m.Author.Bot {
		return nil, wire.Refuse(50013)
	}
	if err := checkSizes(d.Files, w.limitOf(c)); err != nil {
		return nil, err
	}
	list := []wire.Attachment{}
	for _, f := range d.Files {
		a, err := w.storeFile(f, refFor(d, f.N))
		if err != nil {
			return nil, err
		}
		a.Ephemeral = m.Ephemeral()
		list = append(list, a)
	}
	return list, nil
}

// checkSizes refuses files that are over the limit of one file or of one request, in bytes.
func checkSizes(files []wire.Upload, limit int64) error {
	total := 0
	for _, f := range files {
		total += len(f.Data)
		if int64(len(f.Data)) > limit {
			return wire.Refuse(40005)
		}
	}
	if int64(total) > max(limit, MaxRequest) {
		return wire.Refuse(40005)
	}
	return nil
}

// storeFile stores one file and returns its attachment object. The lock is held.
func (w *World) storeFile(f wire.Upload, ref *wire.FileRef) (wire.Attachment, error) {
	a := wire.Attachment{ID: w.ids.Next(), Filename: fileName(f, ref), Size: len(f.Data), ContentType: f.Type}
	a.Spoiler = strings.HasPrefix(a.Filename, "SPOILER_")
	describe(&a, ref)
	if a.ContentType == "" || a.ContentType == "application/octet-stream" {
		a.ContentType = http.DetectContentType(f.Data)
	}
	if size, _, err := image.DecodeConfig(bytes.NewReader(f.Data)); err == nil {
		a.Width, a.Height = size.Width, size.Height
	}
	if err := w.files.Put(a.ID, f.Data); err != nil {
		return a, fmt.Errorf("store file %s: %w", a.Filename, err)
	}
	return a, nil
}

// fileName returns the name under which a file is stored.
func fileName(f wire.Upload, ref *wire.FileRef) string {
	if ref != nil && ref.Filename != nil && *ref.Filename != "" {
		return wire.SafeName(*ref.Filename)
	}
	return wire.SafeName(f.Name)
}

// describe copies what a draft's attachments entry says about a file.
func describe(a *wire.Attachment, ref *wire.FileRef) {
	if ref == nil {
		return
	}
	if ref.Description != nil {
		a.Description = *ref.Description
	}
	if ref.Spoiler != nil {
		a.Spoiler = *ref.Spoiler
	}
}

// refFor finds the attachments entry of files[n]; nil if there is none.
func refFor(d *wire.Draft, n int) *wire.FileRef {
	for i := range d.Attachments {
		if d.Attachments[i].Key() == strconv.Itoa(n) {
			return &d.Attachments[i]
		}
	}
	return nil
}

// keptFiles returns the earlier files that stay after an edit: all of them if the edit has no attachments field, else
// those that the field lists by id.
func keptFiles(m *Message, d *wire.Draft) ([]wire.Attachment, error) {
	if !d.Has["attachments"] {
		return m.Attachments, nil
	}
	byID := map[string]wire.Attachment{}
	for _, a := range m.Attachments {
		byID[a.ID] = a
	}
	var kept []wire.Attachment
	var f wire.FieldErrors
	for i := range d.Attachments {
		key := d.Attachments[i].Key()
		if a, ok := byID[key]; ok {
			describe(&a, &d.Attachments[i])
			kept = append(kept, a)
		} else if !isNewFile(d, key) {
			f.Add("attachments."+strconv.Itoa(i)+".id", "ATTACHMENT_NOT_FOUND", "Attachment data for %s was not found", key)
		}
	}
	return kept, f.Err()
}

func isNewFile(d *wire.Draft, key string) bool {
	for _, f := range d.Files {
		if strconv.Itoa(f.N) == key {
			return true
		}
	}
	return false
}

// replaceFiles gives a message its kept and new files and deletes the others. The lock is held.
func (w *World) replaceFiles(m *Message, kept, added []wire.Attachment) {
	stays := map[string]bool{}
	for _, a := range kept {
		stays[a.ID] = true
	}
	for _, a := range m.Attachments {
		if !stays[a.ID] {
			w.files.Remove(a.ID)
		}
	}
	m.Attachments = append(append([]wire.Attachment{}, kept...), added...)
}

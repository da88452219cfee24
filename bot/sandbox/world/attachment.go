package world

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/gif"  // Discord measures GIFs,
	_ "image/jpeg" // JPEGs
	_ "image/png"  // and PNGs
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/sandbox/wire"
)

// linkLife is how long a signed CDN link works. Discord's last about a day.
const linkLife = 24 * time.Hour

// take stores a draft's new files for a message. The lock is held.
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

// checkSizes refuses files over the limit per file or per request.
func checkSizes(files []wire.Upload, limit int64) error {
	total := 0
	for _, f := range files {
		total += len(f.Data)
		if int64(len(f.Data)) > limit {
			return wire.Refuse(40005)
		}
	}
	if total > MaxRequest {
		return wire.Refuse(40005)
	}
	return nil
}

// store keeps one file and describes it. The lock is held.
func (w *World) storeFile(f wire.Upload, ref *wire.FileRef) (wire.Attachment, error) {
	a := wire.Attachment{ID: w.ids.next(), Filename: wire.SafeName(f.Name), Size: len(f.Data), ContentType: f.Type}
	if ref != nil && ref.Filename != nil && *ref.Filename != "" {
		a.Filename = wire.SafeName(*ref.Filename)
	}
	a.Spoiler = strings.HasPrefix(a.Filename, "SPOILER_")
	describe(&a, ref)
	if a.ContentType == "" || a.ContentType == "application/octet-stream" {
		a.ContentType = http.DetectContentType(f.Data)
	}
	if size, _, err := image.DecodeConfig(bytes.NewReader(f.Data)); err == nil {
		a.Width, a.Height = size.Width, size.Height
	}
	if err := w.files.put(a.ID, f.Data); err != nil {
		return a, fmt.Errorf("keep file %s: %w", a.Filename, err)
	}
	return a, nil
}

// describe takes over what a draft's attachments entry says about a file.
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

// refFor finds the attachments entry of files[n].
func refFor(d *wire.Draft, n int) *wire.FileRef {
	for i := range d.Attachments {
		if d.Attachments[i].Key() == strconv.Itoa(n) {
			return &d.Attachments[i]
		}
	}
	return nil
}

// keptFiles are the earlier files that stay after an edit: all when the edit
// has no attachments field, else only those that the field lists by id.
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

// replaceFiles gives a message its kept and new files and drops the others. The lock is held.
func (w *World) replaceFiles(m *Message, kept, added []wire.Attachment) {
	stays := map[string]bool{}
	for _, a := range kept {
		stays[a.ID] = true
	}
	for _, a := range m.Attachments {
		if !stays[a.ID] {
			w.files.remove(a.ID)
		}
	}
	m.Attachments = append(append([]wire.Attachment{}, kept...), added...)
}

// link is a signed CDN address that works for a day. The lock is held.
func (w *World) link(channel string, a wire.Attachment) string {
	path := "/attachments/" + channel + "/" + a.ID + "/" + url.PathEscape(a.Filename)
	now := w.now()
	is, ex := strconv.FormatInt(now.Unix(), 16), strconv.FormatInt(now.Add(linkLife).Unix(), 16)
	return w.base + path + "?ex=" + ex + "&is=" + is + "&hm=" + w.sign(path, ex, is) + "&"
}

func (w *World) sign(path, ex, is string) string {
	mac := hmac.New(sha256.New, []byte(w.state.Key))
	fmt.Fprintf(mac, "%s?ex=%s&is=%s", path, ex, is)
	return hex.EncodeToString(mac.Sum(nil))
}

// File returns the bytes behind a CDN address, or an error when the link is
// forged, has expired, or its file is gone. path is as in the request line.
func (w *World) File(path string, query url.Values) (data []byte, contentType string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ex, is, hm := query.Get("ex"), query.Get("is"), query.Get("hm")
	if !hmac.Equal([]byte(hm), []byte(w.sign(path, ex, is))) {
		return nil, "", fmt.Errorf("link is not signed by this CDN")
	}
	until, err := strconv.ParseInt(ex, 16, 64)
	if err != nil || w.now().Unix() > until {
		return nil, "", fmt.Errorf("link has expired")
	}
	parts := strings.Split(strings.TrimPrefix(path, "/attachments/"), "/")
	if len(parts) != 3 {
		return nil, "", fmt.Errorf("no such file")
	}
	data, err = w.files.get(parts[1])
	return data, http.DetectContentType(data), err
}

// Download returns the bytes of an attachment, as a person who saves it gets them.
func (w *World) Download(attachment string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.files.get(attachment)
}

// show is a message as the API gives it out: with fresh links, and the message it replies to. The lock is held.
func (w *World) present(m *Message) Message {
	out := w.withLinks(m)
	if m.Reference != nil {
		if to := w.state.Messages[m.Reference.MessageID]; to != nil {
			shown := w.withLinks(to) // a reply within a reply is not followed further
			out.Referenced = &shown.Message
		}
	}
	return out
}

// bare is a message with fresh links alone. The lock is held.
func (w *World) withLinks(m *Message) Message {
	out := *m
	urls := map[string]string{}
	out.Attachments = make([]wire.Attachment, len(m.Attachments))
	for i, a := range m.Attachments {
		a.URL = w.link(m.ChannelID, a)
		a.ProxyURL = a.URL
		urls["attachment://"+a.Filename] = a.URL
		out.Attachments[i] = a
	}
	out.Embeds = make([]wire.Embed, len(m.Embeds))
	for i, e := range m.Embeds {
		out.Embeds[i] = resolveEmbed(e, urls)
	}
	out.Components = resolveMedia(m.Components, urls)
	return out
}

func resolveEmbed(e wire.Embed, urls map[string]string) wire.Embed {
	if e.Type == "" {
		e.Type = "rich"
	}
	for _, at := range []**wire.EmbedImage{&e.Image, &e.Thumbnail} {
		if *at != nil && urls[(*at).URL] != "" {
			*at = &wire.EmbedImage{URL: urls[(*at).URL]}
		}
	}
	return e
}

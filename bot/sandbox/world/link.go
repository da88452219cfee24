package world

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"darkroom/bot/sandbox/wire"
)

// linkLife is how long a signed CDN link works. Discord's links work for about a day.
const linkLife = 24 * time.Hour

// link returns a signed CDN address of an attachment, which expires after linkLife. The lock is held.
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

// File returns the bytes behind a CDN address. It returns an error if the signature is wrong, the link has expired or
// the file was deleted. path is escaped, as in the request line.
func (w *World) File(path string, query url.Values) (data []byte, contentType string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ex, is, hm := query.Get("ex"), query.Get("is"), query.Get("hm")
	if !hmac.Equal([]byte(hm), []byte(w.sign(path, ex, is))) {
		return nil, "", fmt.Errorf("the link's signature is wrong")
	}
	until, err := strconv.ParseInt(ex, 16, 64)
	if err != nil || w.now().Unix() > until {
		return nil, "", fmt.Errorf("the link has expired")
	}
	parts := strings.Split(strings.TrimPrefix(path, "/attachments/"), "/")
	if len(parts) != 3 {
		return nil, "", fmt.Errorf("no such file")
	}
	data, err = w.files.Get(parts[1])
	return data, http.DetectContentType(data), err
}

// Download returns the bytes of an attachment by its id, without a link.
func (w *World) Download(attachment string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.files.Get(attachment)
}

// present returns a message as the API sends it: with fresh links and with the message that it replies to. The lock is
// held.
func (w *World) present(m *Message) Message {
	out := w.withLinks(m)
	if m.Reference == nil {
		return out
	}
	switch to := w.state.Messages[m.Reference.MessageID]; {
	case to == nil:
	case to.Ephemeral() && to.Viewer != m.Viewer:
		out.HiddenSource = true
	default:
		shown := w.withLinks(to) // Discord includes one level of replies only
		out.Referenced = &shown.Message
	}
	return out
}

// withLinks returns a message with fresh links to its attachments. What components show is with them, and no longer
// among the attachments (discord-api-docs, issue 8277). The lock is held.
func (w *World) withLinks(m *Message) Message {
	out := *m
	files, shown := map[string]wire.Media{}, shownFiles(m)
	out.Attachments, out.Files = []wire.Attachment{}, make([]wire.Attachment, len(m.Attachments))
	for i, a := range m.Attachments {
		a.URL = w.link(m.ChannelID, a)
		a.ProxyURL = a.URL
		files[wire.AttachmentScheme+a.Filename] = wire.Media{URL: a.URL, ProxyURL: a.URL, Width: a.Width, Height: a.Height,
			ContentType: a.ContentType, AttachmentID: a.ID, Size: a.Size}
		out.Files[i] = a
		if !shown[a.Filename] {
			out.Attachments = append(out.Attachments, a)
		}
	}
	out.Embeds = make([]wire.Embed, len(m.Embeds))
	for i, e := range m.Embeds {
		out.Embeds[i] = wire.ResolveEmbed(e, files)
	}
	out.Components = wire.ResolveComponents(m.Components, files)
	return out
}

// shownFiles returns the names of the files that a message's components show.
func shownFiles(m *Message) map[string]bool {
	names := map[string]bool{}
	wire.WalkMedia(m.Components, "", func(_ string, item *wire.Media) {
		if name, ok := strings.CutPrefix(item.URL, wire.AttachmentScheme); ok {
			names[name] = true
		}
	})
	return names
}

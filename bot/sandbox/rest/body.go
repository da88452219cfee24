package rest

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// maxBody leaves room for JSON and multipart borders around the largest files.
const maxBody = world.MaxRequest + 1<<20

var fileField = regexp.MustCompile(`^files\[([0-9]{1,2})\]$`)

// readBody reads a JSON or multipart body. The call is never nil.
func readBody(r *http.Request) (*request, error) {
	c := &request{Request: r, fields: map[int]string{}, names: map[int]string{}}
	limited := http.MaxBytesReader(nil, r.Body, maxBody)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		err = c.readParts(multipart.NewReader(limited, params["boundary"]))
	} else {
		c.body, err = io.ReadAll(limited)
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return c, wire.Refuse(40005)
	}
	if err != nil {
		return c, wire.Refuse(50109)
	}
	return c, nil
}

func (c *request) readParts(parts *multipart.Reader) error {
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		if p.FormName() == "payload_json" {
			c.body = data
			continue
		}
		c.addFile(p, data)
	}
}

func (c *request) addFile(p *multipart.Part, data []byte) {
	n := len(c.files)
	if m := fileField.FindStringSubmatch(p.FormName()); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	_, params, _ := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	kind := strings.TrimSpace(p.Header.Get("Content-Type"))
	c.fields[n], c.names[n] = p.FormName(), params["filename"]
	c.files = append(c.files, wire.Upload{N: n, Name: params["filename"], Type: kind, Data: data})
}

// draft is the body as a message.
func (c *request) draft() (*wire.Draft, error) { return wire.ReadDraft(c.body, c.files) }

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
)

// maxBody is the largest body in bytes, whatever the limit for files. Source: discord-api-docs, issue 7603.
const maxBody = 200 << 20

var fileField = regexp.MustCompile(`^files\[([0-9]{1,2})\]$`)

// readBody reads a JSON or multipart body. The returned request is never nil.
func readBody(r *http.Request) (*request, error) {
	out := &request{Request: r, fields: map[int]string{}, names: map[int]string{}}
	limited := http.MaxBytesReader(nil, r.Body, maxBody)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		err = out.readParts(multipart.NewReader(limited, params["boundary"]))
	} else {
		out.body, err = io.ReadAll(limited)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return out, wire.Refuse(40005)
	}
	if err != nil {
		return out, wire.Refuse(50109)
	}
	return out, nil
}

func (r *request) readParts(parts *multipart.Reader) error {
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
			r.body = data
			continue
		}
		r.addFile(p, data)
	}
}

func (r *request) addFile(p *multipart.Part, data []byte) {
	n := len(r.files)
	if m := fileField.FindStringSubmatch(p.FormName()); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	_, params, _ := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	kind := strings.TrimSpace(p.Header.Get("Content-Type"))
	r.fields[n], r.names[n] = p.FormName(), params["filename"]
	r.files = append(r.files, wire.Upload{N: n, Name: params["filename"], Type: kind, Data: data})
}

// draft decodes the body as a message.
func (r *request) draft() (*wire.Draft, error) { return wire.ReadDraft(r.body, r.files) }

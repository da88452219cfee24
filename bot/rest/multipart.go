package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strconv"

	"darkroom/bot/message"
)

// multipartBody writes payload_json and files[n] as Discord reads them.
func multipartBody(payload any, files []message.File) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="payload_json"`}, "Content-Type": {"application/json"},
	})
	if err != nil {
		return nil, "", err
	}
	if err := json.NewEncoder(part).Encode(payload); err != nil {
		return nil, "", fmt.Errorf("encode payload: %w", err)
	}
	for i, f := range files {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="files[` + strconv.Itoa(i) + `]"; filename="` + f.SafeName() + `"`},
			"Content-Type":        {f.ContentType()},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(f.Data); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

package rest

import (
	"path"
	"slices"
	"strings"

	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/encode"
	"darkroom/render/picture"
)

const (
	// usualLimit is what a file may have wherever no boost allows more. A place may take less than Discord said: what a
	// person may send is not what the bot may send later. Source: discord-api-docs, issues 7603 and 8572.
	usualLimit = 10 << 20
	// leastLimit is the least limit that is tried, in bytes.
	leastLimit = 128 << 10
)

// Upload is the images of a job on their way into a message, in forms that fit there.
type Upload struct {
	Files   []message.File
	Made    []queue.File // what is known of each
	file    int64        // what one file may have, in bytes
	request int64        // what the files of one request may have
}

// NewUpload returns the upload of files into a place with a limit for each. They are as they are until Fit is called.
func NewUpload(files []message.File, made []queue.File, limit int64) *Upload {
	if limit <= 0 {
		limit = usualLimit
	}
	return &Upload{Files: files, Made: made, file: limit, request: max(limit, message.MaxRequest)}
}

// Finished is the finished message with the files.
func (u *Upload) Finished(to message.Address, spec picture.Spec, job string, r message.Result) message.Message {
	r.Files, r.Made = slices.Clone(u.Files), u.Made
	m := message.Finished(to, spec, job, r)
	m.RequestBytes, m.Posting = u.request, message.CancelRow(to.Language, job)
	return m
}

// Fit brings each file that is larger than the place's limit into the best form that fits.
func (u *Upload) Fit() error {
	files, made := slices.Clone(u.Files), slices.Clone(u.Made)
	for i, f := range files {
		if int64(len(f.Data)) <= u.file {
			continue
		}
		smaller, err := encode.Refit(f.Data, u.file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(f.Name, path.Ext(f.Name)) + "." + smaller.Ext
		files[i].Name, files[i].Data = name, smaller.Data
		for j := range made {
			if made[j].Name == f.Name {
				made[j] = worker.AboutFile(made[j], smaller, u.file)
				made[j].Name = name
			}
		}
	}
	u.Files, u.Made = files, made
	return nil
}

// Lower goes a step down, after Discord refused the files as too large: first they are sent one by one, then in forms
// of fewer bytes. It tells whether there was such a step.
func (u *Upload) Lower() bool {
	largest := int64(0)
	for _, f := range u.Files {
		largest = max(largest, int64(len(f.Data)))
	}
	if m := (message.Message{Files: u.Files, RequestBytes: u.request}); len(m.Groups()) < len(u.Files) {
		u.request = largest
		return true
	}
	for limit := u.file; limit > leastLimit; {
		if limit /= 2; limit < usualLimit && 2*limit > usualLimit {
			limit = usualLimit
		}
		if limit >= largest {
			continue // nothing would change
		}
		u.file, u.request = limit, limit
		return u.Fit() == nil
	}
	return false
}

package download

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// accept tells whether an answer continues the part that is here, or begins a file anew, which restarts the part. It
// refuses answers of another size.
func (t *transfer) accept(a *answer) (bool, error) {
	if a.StatusCode == http.StatusRequestedRangeNotSatisfiable && t.part.size > 0 {
		return false, nil
	}
	if err := statusError(a.Response, http.StatusOK, http.StatusPartialContent); err != nil {
		return false, err
	}
	if e := a.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return false, fmt.Errorf("%s: the server sends it in the coding %q", Redacted(t.file.URL), e)
	}
	etag := strong(a.Header.Get("ETag"))
	if a.StatusCode == http.StatusOK {
		if t.part.size > 0 {
			if t.restarts++; t.restarts > maxRestarts {
				return false, fmt.Errorf("%s: %w", Redacted(t.file.URL), errChanging)
			}
		}
		if err := t.part.restart(etag); err != nil {
			return false, err
		}
		return true, t.announced(a.ContentLength)
	}
	from, total, ok := contentRange(a.Header.Get("Content-Range"))
	if !ok || from != t.part.size || t.part.size == 0 {
		return false, fmt.Errorf("%s: the server sends another range than was asked for", Redacted(t.file.URL))
	}
	if t.part.note.ETag != "" && etag != t.part.note.ETag {
		return false, nil
	}
	return true, t.announced(total)
}

// announced compares the size that a server tells, -1 if it does not, with the one that is wanted.
func (t *transfer) announced(size int64) error {
	switch {
	case size < 0:
		t.total = t.file.Size
		return nil
	case t.file.Size > 0 && size != t.file.Size:
		return &SizeError{Address: Redacted(t.file.URL), Got: size, Want: t.file.Size}
	case t.file.Size <= 0 && size > t.file.limit():
		return &SizeError{Address: Redacted(t.file.URL), Got: size, Want: t.file.limit(), Endless: true}
	}
	t.total = size
	return nil
}

// strong returns an entity tag that stands for the same bytes, "" for a weak one or none (RFC 9110, 8.8.3).
func strong(etag string) string {
	if strings.HasPrefix(etag, `"`) && strings.HasSuffix(etag, `"`) && len(etag) > 2 {
		return etag
	}
	return ""
}

// contentRange reads "bytes FROM-TO/TOTAL"; total is -1 for "*".
func contentRange(text string) (from, total int64, ok bool) {
	span, whole, found := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	first, last, found2 := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if !found || !found2 || err != nil || err2 != nil || from < 0 || to < from {
		return 0, 0, false
	}
	if whole == "*" {
		return from, -1, true
	}
	total, err = strconv.ParseInt(whole, 10, 64)
	return from, total, err == nil && to == total-1
}

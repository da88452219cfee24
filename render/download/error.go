package download

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// StatusError is a server's refusal.
type StatusError struct {
	Address string // redacted
	Code    int    // HTTP status
	Header  http.Header
	// RetryAfter is how long the server asks to wait, 0 if it does not say.
	RetryAfter time.Duration
}

// Error says in one sentence what the status means for a download.
func (e *StatusError) Error() string {
	switch e.Code {
	case http.StatusUnauthorized:
		return e.Address + ": the server wants a token, or refuses the one it got (401)"
	case http.StatusForbidden:
		return e.Address + ": the server allows no access (403)"
	case http.StatusNotFound, http.StatusGone:
		return fmt.Sprintf("%s: there is no such file (%d)", e.Address, e.Code)
	case http.StatusRequestedRangeNotSatisfiable:
		return e.Address + ": the server does not have the rest of the file (416)"
	case http.StatusTooManyRequests:
		return e.Address + ": too many requests (429); " + e.later()
	}
	if e.Code >= 500 {
		return fmt.Sprintf("%s: the server fails (%d); %s", e.Address, e.Code, e.later())
	}
	return fmt.Sprintf("%s: the server answers %d %s", e.Address, e.Code, http.StatusText(e.Code))
}

func (e *StatusError) later() string {
	if e.RetryAfter > 0 {
		return "try again in " + e.RetryAfter.Round(time.Second).String()
	}
	return "try again later"
}

// SizeError means that a server has another amount of bytes than it should.
type SizeError struct {
	Address string
	Got     int64 // bytes announced or received
	Want    int64 // bytes expected, or the most that is accepted
	Endless bool  // more than Want arrived, or was announced where Want is a limit
}

// Error names both sizes.
func (e *SizeError) Error() string {
	if e.Endless {
		return fmt.Sprintf("%s: more than %s arrive; the server sends another file", e.Address, Size(e.Want))
	}
	return fmt.Sprintf("%s: the server has a file of %d bytes, want %d", e.Address, e.Got, e.Want)
}

// HashError means that a file's content is not what it should be. The file was removed.
type HashError struct {
	Address   string
	Got, Want string // lower-case hex
}

// Error names both hashes.
func (e *HashError) Error() string {
	return fmt.Sprintf("%s: the file's hash is %s, want %s; nothing was kept", e.Address, e.Got, e.Want)
}

// SpaceError means that a file does not fit on the disk.
type SpaceError struct {
	Dir  string
	Need int64 // bytes that are still to come
	Free int64 // bytes; -1 where the disk filled up on the way
}

// Error names both amounts.
func (e *SpaceError) Error() string {
	if e.Free < 0 {
		return fmt.Sprintf("%s: the disk is full, %s were still to come", e.Dir, Size(e.Need))
	}
	return fmt.Sprintf("%s: %s are needed, %s are free on this disk", e.Dir, Size(e.Need), Size(e.Free))
}

// BrokenError means that a connection failed. What has come is kept for the next Fetch.
type BrokenError struct {
	Address     string
	Done, Total int64 // bytes that are there, and of the file, 0 if not known
	Dial        bool  // there was no connection at all
	Err         error
}

// Error says how far the file has come.
func (e *BrokenError) Error() string {
	switch {
	case e.Done > 0 && e.Total > 0:
		return fmt.Sprintf("%s: broke off after %s of %s: %v", e.Address, Size(e.Done), Size(e.Total), e.Err)
	case e.Done > 0:
		return fmt.Sprintf("%s: broke off after %s: %v", e.Address, Size(e.Done), e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Address, e.Err)
}

// Unwrap returns the reason.
func (e *BrokenError) Unwrap() error { return e.Err }

// StallError means that a server sent nothing for too long.
type StallError struct{ After time.Duration }

// Error says how long nothing came.
func (e *StallError) Error() string { return "nothing arrived for " + e.After.String() }

// InsecureError means that an address, or a redirect, is not HTTPS.
type InsecureError struct{ Address string }

// Error names the address.
func (e *InsecureError) Error() string { return e.Address + ": only https is allowed" }

// BusyError means that another process fetches the same file.
type BusyError struct{ Path string }

// Error names the file.
func (e *BusyError) Error() string { return e.Path + ": another download of it is under way" }

// statusError is a server's refusal, nil where its status is one of want.
func statusError(r *http.Response, want ...int) error {
	if slices.Contains(want, r.StatusCode) {
		return nil
	}
	return &StatusError{
		Address: Redacted(r.Request.URL.String()), Code: r.StatusCode, Header: r.Header, RetryAfter: retryAfter(r.Header),
	}
}

// retryAfter reads the header's two forms, seconds and a date (RFC 9110, 10.2.3). The date is compared with the
// server's own clock where it tells it.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// isDial tells whether a request failed before there was a connection.
func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// Size writes an amount of bytes as people read it, in powers of ten as disks and servers count.
func Size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}

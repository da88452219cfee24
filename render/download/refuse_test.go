package download

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// refused is an error that a Fetch must end with: what it says, and that nothing is left.
type refused struct {
	handler http.HandlerFunc
	change  func(*File, *Client)
	as      any    // pointer to the type of the error
	says    string // a part of the error
	tries   int    // requests
	waits   []time.Duration
}

func endless(w http.ResponseWriter, r *http.Request) {
	for data := content("endless", chunk); r.Context().Err() == nil; {
		if _, err := w.Write(data); err != nil {
			return
		}
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	data := content("refused", 3*chunk)
	second, minute := time.Second, time.Minute
	for name, c := range map[string]refused{
		"401":                    {handler: status(401), as: new(*StatusError), says: "wants a token, or refuses", tries: 1},
		"403":                    {handler: status(403), as: new(*StatusError), says: "allows no access (403)", tries: 1},
		"404":                    {handler: status(404), as: new(*StatusError), says: "is no such file (404)", tries: 1},
		"416 to a whole request": {handler: status(416), as: new(*StatusError), says: "(416)", tries: 1},
		"418":                    {handler: status(418), as: new(*StatusError), says: "answers 418 I'm a teapot", tries: 1},
		"429": {
			handler: status(429, "Retry-After", "7"), as: new(*StatusError), tries: 3,
			waits: []time.Duration{7 * second, 7 * second},
			says:  "too many requests (429); try again in 7s",
		},
		"429 for long": {
			handler: status(429, "Retry-After", "3600"), as: new(*StatusError), says: "try again in 1h0m0s", tries: 1,
		},
		"429 until a date": {
			handler: status(429, "Date", "Mon, 02 Jan 2006 15:04:05 GMT", "Retry-After", "Mon, 02 Jan 2006 15:05:05 GMT"),
			as:      new(*StatusError), says: "try again in 1m0s", tries: 3, waits: []time.Duration{minute, minute},
		},
		"503": {
			handler: status(503), as: new(*StatusError), says: "the server fails (503); try again later", tries: 3,
			waits: []time.Duration{second, 2 * second},
		},
		"a body that breaks off": {
			handler: cut(data, `"v1"`, 0), as: new(*BrokenError), says: "unexpected EOF", tries: 3,
			waits: []time.Duration{second, 2 * second},
		},
		"another size": {
			handler: whole(data[1:], ""), as: new(*SizeError), says: "a file of 393215 bytes, want 393216", tries: 1,
		},
		"an endless body": {handler: endless, as: new(*SizeError), says: "more than 393 kB arrive", tries: 1},
		"an endless body of unknown size": {
			handler: endless, change: func(f *File, _ *Client) { f.Size, f.Limit = 0, 2*chunk }, as: new(*SizeError),
			says: "more than 262 kB arrive", tries: 1,
		},
		"a body that is announced as too large": {
			handler: whole(data, ""), change: func(f *File, _ *Client) { f.Size, f.Limit = 0, chunk }, as: new(*SizeError),
			says: "more than 131 kB arrive", tries: 1,
		},
		"a wrong hash": {
			handler: whole(content("other", 3*chunk), `"v1"`), as: new(*HashError), says: "want " + sha256Of(data), tries: 1,
		},
		"a wrong name in git": {
			handler: whole(content("other", 3*chunk), `"v1"`), as: new(*HashError), says: "want " + blobOf(data), tries: 1,
			change: func(f *File, _ *Client) { f.SHA256, f.Blob = "", blobOf(data) },
		},
		"a compressed body": {
			handler: status(200, "Content-Encoding", "gzip"), as: new(error), says: `in the coding "gzip"`, tries: 1,
		},
		"a range that was not asked for": {
			handler: status(206, "Content-Range", "bytes 5-9/10"), as: new(error), says: "another range", tries: 1,
		},
		"no room on the disk": {
			handler: whole(data, ""), change: func(f *File, c *Client) { c.Free = func(string) int64 { return f.Size - 1 } },
			as: new(*SpaceError), says: "393 kB are needed, 393 kB are free", tries: 0,
		},
		"no room for what the server announces": {
			handler: whole(data, ""), as: new(*SpaceError), says: "are needed, 100 bytes are free", tries: 1,
			change: func(f *File, c *Client) { f.Size, c.Free = 0, func(string) int64 { return 100 } },
		},
		"a certificate of nobody": {
			handler: whole(data, ""), change: func(_ *File, c *Client) { c.Transport = &http.Transport{} },
			as: new(*BrokenError), says: "certificate", tries: 0,
		},
		"plain http": {
			handler: whole(data, ""), change: func(f *File, _ *Client) { f.URL = strings.Replace(f.URL, "https", "http", 1) },
			as: new(*InsecureError), says: "only https is allowed", tries: 0,
		},
		"no server": {
			handler: whole(data, ""), change: func(f *File, _ *Client) { f.URL = "https://127.0.0.1:1/model.bin" },
			as: new(*BrokenError), says: "connection refused", tries: 0,
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c.check(t, data) })
	}
}

func (r refused) check(t *testing.T, data []byte) {
	s := serve(t, r.handler)
	c, waits := s.client()
	c.Tries = 3
	f := fileAt(t, s, data)
	if r.change != nil {
		r.change(&f, c)
	}
	err := c.Fetch(t.Context(), f, nil)
	if err == nil || !errors.As(err, r.as) || !strings.Contains(err.Error(), r.says) {
		t.Fatalf("got %T %v, want %T with %q", err, err, r.as, r.says)
	}
	if strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("%q: want one line without the query", err)
	}
	if n := len(s.header("Range")); n != r.tries {
		t.Errorf("%d requests, want %d", n, r.tries)
	}
	if !slices.Equal(*waits, r.waits) {
		t.Errorf("waited %v, want %v", *waits, r.waits)
	}
	if names := namesIn(t, filepath.Dir(f.Path)); len(names) > 0 {
		t.Errorf("there lie %q, want nothing", names)
	}
}

// A body that ends before the file does is continued, also where its answer did not tell its size.
func TestFetchOfABodyThatEnds(t *testing.T) {
	t.Parallel()
	data := content("ends", 2*chunk)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(data[:chunk])
		w.(http.Flusher).Flush()
	}, whole(data, ""))
	c, _ := s.client()
	f := fileAt(t, s, data)
	if err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
	if got := s.header("Range"); !slices.Equal(got, []string{"", "bytes=131072-"}) {
		t.Errorf("ranges: got %q", got)
	}
}

// A file that is another one each time is given up.
func TestFetchOfAChangingFile(t *testing.T) {
	t.Parallel()
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		r.Header.Del("Range")
		cut(content("changing"+strconv.Itoa(n), 4*enough), `"v`+strconv.Itoa(n)+`"`, 2*enough)(w, r)
	})
	c, _ := s.client()
	err := c.Fetch(t.Context(), fileAt(t, s, content("x", 4*enough)), nil)
	if !errors.Is(err, errChanging) {
		t.Errorf("got %v, want %v", err, errChanging)
	}
}

// Two downloads of one file at once do not write into each other's part.
func TestFetchOfAFileUnderWay(t *testing.T) {
	t.Parallel()
	data := content("twice", 2*chunk)
	inside, leave := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-leave
		whole(data, "")(w, r)
	})
	c, _ := s.client()
	f := fileAt(t, s, data)
	done := make(chan error)
	go func() { done <- c.Fetch(t.Context(), f, nil) }()
	<-inside
	err := c.Fetch(t.Context(), f, nil)
	if busy := new(*BusyError); !errors.As(err, busy) {
		t.Errorf("got %v, want a *BusyError", err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
}

func TestFullDiskOnTheWay(t *testing.T) {
	t.Parallel()
	x := &transfer{file: File{Path: "/models/model.bin"}, part: &part{size: 10}, total: 30}
	err := x.diskError(&os.PathError{Op: "write", Path: "model.bin.part", Err: syscall.ENOSPC})
	if want := "/models: the disk is full, 20 bytes were still to come"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if err := x.diskError(io.ErrShortWrite); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v, want %v", err, io.ErrShortWrite)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	s := serve(t, status(503), status(200, "Link", "<next>"), endless)
	c, waits := s.client()
	data, header, err := c.Document(t.Context(), s.URL, http.Header{"Accept": {"text/html"}}, 100)
	if err != nil || string(data) != "<html>no</html>" || header.Get("Link") != "<next>" || len(*waits) != 1 {
		t.Errorf("got %q, %v, %v after %v", data, header, err, *waits)
	}
	_, _, err = c.Document(t.Context(), s.URL, nil, 100)
	if want := "more than 100 bytes arrive"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

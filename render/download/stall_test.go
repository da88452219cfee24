package download

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// watch is a timer that a test lets run out.
type watch struct {
	after  time.Duration
	fire   func()
	resets int
}

func (w *watch) Reset(time.Duration) bool { w.resets++; return true }

func (w *watch) Stop() bool { return true }

// lastPiece calls a function when somebody waits for more than so many bytes of a body.
type lastPiece struct {
	http.RoundTripper
	bytes int
	then  func()
}

func (l *lastPiece) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &lastPieceBody{resp.Body, l.bytes, l.then}
	}
	return resp, err
}

type lastPieceBody struct {
	io.ReadCloser
	left int
	then func()
}

func (b *lastPieceBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		b.then()
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	return n, err
}

// What came before a server stalled is kept for the next call.
func TestFetchAcrossAStall(t *testing.T) {
	t.Parallel()
	data := content("stalled", 3*chunk)
	stall := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:chunk])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	s := serve(t, stall)
	c, _ := s.client()
	c.Tries = 2
	var watches []*watch
	c.after = func(d time.Duration, f func()) timer {
		watches = append(watches, &watch{after: d, fire: f})
		return watches[len(watches)-1]
	}
	f := fileAt(t, s, data)
	c.Transport = &lastPiece{c.Transport, chunk, func() { watches[len(watches)-1].fire() }}
	err := c.Fetch(t.Context(), f, nil)
	if stalled := new(*StallError); !errors.As(err, stalled) {
		t.Fatalf("got %v, want a *StallError", err)
	}
	if want := "broke off after 131 kB of 393 kB: nothing arrived for 1m0s"; !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want %q in it", err, want)
	}
	if len(watches) != 2 || watches[0].after != time.Minute || watches[0].resets == 0 {
		t.Errorf("got %d watches, the first %+v, want one for each of two tries, longer with each piece", len(watches), watches[0])
	}
	s2 := serve(t, whole(data, ""))
	f.URL = s2.URL
	c, _ = s2.client()
	if err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
	if got := s2.header("Range"); !slices.Equal(got, []string{"bytes=131072-"}) {
		t.Errorf("ranges: got %q", got)
	}
}

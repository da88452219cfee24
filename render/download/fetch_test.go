package download

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	data := content("good", 3*chunk+17)
	s := serve(t, whole(data, `"v1"`))
	c, _ := s.client()
	f := fileAt(t, s, data)
	f.Blob = blobOf(data)
	var last [2]int64
	if err := c.Fetch(t.Context(), f, func(done, total int64) { last = [2]int64{done, total} }); err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
	if want := [2]int64{f.Size, f.Size}; last != want {
		t.Errorf("progress ends with %v, want %v", last, want)
	}
	if err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(s.header("Range")); n != 1 {
		t.Errorf("%d requests, want 1: the file was there already", n)
	}
}

func TestFetchReplacesAWrongFile(t *testing.T) {
	t.Parallel()
	data := content("good", 2*chunk)
	s := serve(t, whole(data, ""))
	c, _ := s.client()
	f := fileAt(t, s, data)
	f.Path = t.TempDir() + "/model.bin"
	if err := os.WriteFile(f.Path, content("other", 2*chunk), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
}

// A connection that breaks is taken up again in the same call, and one that broke for good in the next call.
func TestFetchGoesOn(t *testing.T) {
	t.Parallel()
	data := content("broken", 4*enough)
	for name, etag := range map[string]string{"with a tag": `"v1"`, "by the hash alone": "", "with a weak tag": `W/"v1"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, cut(data, etag, 1000), cut(data, etag, enough), cut(data, etag, 2000), whole(data, etag))
			c, waits := s.client()
			f := fileAt(t, s, data)
			c.Tries = 1
			err := c.Fetch(t.Context(), f, nil)
			if _, broken := errors.AsType[*BrokenError](err); !broken {
				t.Fatalf("got %v, want a *BrokenError", err)
			}
			c.Tries = 3
			var first int64 = -1
			if err := c.Fetch(t.Context(), f, func(done, _ int64) {
				if first < 0 {
					first = done
				}
			}); err != nil {
				t.Fatal(err)
			}
			equalFile(t, f.Path, data)
			if got := s.header("Range"); !slices.Equal(got, []string{"", "bytes=1000-", "bytes=263144-", "bytes=265144-"}) {
				t.Errorf("ranges: got %q", got)
			}
			if first < 1000 {
				t.Errorf("progress begins with %d bytes, want at least 1000", first)
			}
			if len(*waits) != 2 {
				t.Errorf("waited %v, want two waits", *waits)
			}
		})
	}
}

// What cannot be the beginning of the file that the server has now is thrown away.
func TestFetchBeginsAnew(t *testing.T) {
	t.Parallel()
	before, after := content("before", 3*chunk), content("after", 3*chunk)
	ignoresRange := func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		whole(after, `"v2"`)(w, r)
	}
	ignoresIfRange := func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("If-Range")
		whole(after, `"v2"`)(w, r)
	}
	for name, handlers := range map[string][]http.HandlerFunc{
		"another tag":                            {whole(after, `"v2"`)},
		"another tag, and If-Range is not known": {ignoresIfRange},
		"a server without ranges":                {ignoresRange},
		"the rest is not there":                  {status(http.StatusRequestedRangeNotSatisfiable), whole(after, "")},
		"changed twice":                          {cut(before, `"v1"`, 100), cut(after, `"v3"`, 100), whole(after, `"v2"`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, append([]http.HandlerFunc{cut(before, `"v1"`, chunk)}, handlers...)...)
			c, _ := s.client()
			f := fileAt(t, s, after)
			f.SHA256, f.Size = "", 0 // the tag alone must tell
			if err := c.Fetch(t.Context(), f, nil); err != nil {
				t.Fatal(err)
			}
			equalFile(t, f.Path, after)
		})
	}
}

// A part that was spoilt on the disk does not stay in the way.
func TestFetchThrowsASpoiltPartAway(t *testing.T) {
	t.Parallel()
	data := content("spoilt", 3*chunk)
	s := serve(t, cut(data, `"v1"`, chunk), whole(data, `"v1"`))
	c, _ := s.client()
	c.Tries = 1
	f := fileAt(t, s, data)
	if err := c.Fetch(t.Context(), f, nil); err == nil {
		t.Fatal("got no error from a broken connection")
	}
	if err := os.WriteFile(f.Path+".part", content("spoilt?", chunk), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
	if got := s.header("Range"); !slices.Equal(got, []string{"", "bytes=131072-", ""}) {
		t.Errorf("ranges: got %q", got)
	}
}

func TestFetchStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	data := content("stopped", 3*chunk)
	ctx, stop := context.WithCancelCause(t.Context())
	asked := errors.New("a person pressed Ctrl+C")
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Write(data[:chunk])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, whole(data, `"v1"`))
	c, _ := s.client()
	f := fileAt(t, s, data)
	err := c.Fetch(ctx, f, func(done, _ int64) {
		if done > 0 {
			stop(asked)
		}
	})
	if !errors.Is(err, asked) {
		t.Fatalf("got %v, want the context's cause", err)
	}
	names := namesIn(t, filepath.Dir(f.Path))
	if !slices.Equal(names, []string{"model.bin.part", "model.bin.part.json"}) {
		t.Errorf("there lie %q, want the part and its note", names)
	}
	if err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	equalFile(t, f.Path, data)
}

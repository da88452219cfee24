package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"
)

// File is what to fetch, and what it must be.
type File struct {
	URL    string
	Path   string // where it is put; NAME.part and NAME.part.json lie beside it until then
	Size   int64  // bytes; 0 if not known
	SHA256 string // lower-case hex; "" if not known
	// Blob is the SHA-1 by which git names this content (of "blob SIZE\0" and the content); "" if not known. It needs
	// Size. It says that the file is the listed one; unlike SHA256 it does not stand against a deliberate collision.
	Blob string
	// Header goes with the request to the address's own host, and to no other.
	Header http.Header
	// Limit is the most bytes of a file of unknown size; 1 GiB if 0.
	Limit int64
}

const (
	usualLimit  = 1 << 30
	chunk       = 128 << 10              // bytes that are read at once
	enough      = 256 << 10              // bytes after which a connection counts as one that brought something
	maxRestarts = 3                      // how often a file may change while it is fetched
	showEvery   = 100 * time.Millisecond // progress is told this often
)

// errChanging means that a server has another content each time.
var errChanging = errors.New("the file changes again and again on the server")

// Fetch brings a file to its place. It tells progress how many of how many bytes are there, 0 for a size that is not
// known, several times a second and once at the end; progress may be nil.
//
// A file that is in its place already and has the right hash is left alone. Otherwise Fetch checks that the disk has
// room, goes on from what an earlier Fetch left, repeats what failed in passing, and checks size and hash before the
// file gets its name. A file of the wrong size or hash is removed.
//
// The errors are *StatusError, *SizeError, *HashError, *SpaceError, *BrokenError, *InsecureError, *BusyError, or of the
// file system.
func (c *Client) Fetch(ctx context.Context, f File, progress func(done, total int64)) error {
	if _, err := c.allowed(f.URL); err != nil {
		return err
	}
	if f.Blob != "" && f.Size <= 0 {
		return fmt.Errorf("%s: git's hash needs the size", Redacted(f.URL))
	}
	t := &transfer{client: c, file: f, total: f.Size, progress: progress}
	if size, whole := f.inPlace(); whole {
		t.total = size
		t.show(size, true)
		return nil
	}
	p, err := openPart(f)
	if err != nil {
		return err
	}
	defer p.close()
	t.part = p
	return t.run(ctx)
}

// transfer is one file on its way.
type transfer struct {
	client   *Client
	file     File
	part     *part
	total    int64 // bytes of the whole file, 0 if not known
	restarts int
	progress func(done, total int64)
	shown    time.Time
}

// run fetches the file and puts it in its place. If bytes that an earlier Fetch left are part of a wrong file, they may
// be what is wrong, so it begins once more without them.
func (t *transfer) run(ctx context.Context) error {
	for {
		err := t.client.retry(ctx, func() (bool, error) { return t.attempt(ctx) })
		if err != nil {
			t.part.keep(err)
			return err
		}
		resumed := t.part.resumed
		err = t.part.place(t.file)
		if _, wrong := errors.AsType[*HashError](err); wrong && resumed {
			if err := t.part.restart(""); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			t.show(t.part.size, true)
		}
		return err
	}
}

// attempt asks for what is missing and tells whether a good piece of it came.
func (t *transfer) attempt(ctx context.Context) (bool, error) {
	if t.total > 0 && t.part.size == t.total {
		return false, nil // only the check is missing
	}
	if err := t.checkSpace(); err != nil {
		return false, err
	}
	a, err := t.client.send(ctx, t.file.URL, t.header())
	if err != nil {
		return false, t.located(err)
	}
	defer a.close()
	fits, err := t.accept(a)
	if err != nil {
		return false, err
	}
	if !fits {
		return t.again(ctx)
	}
	if err := t.checkSpace(); err != nil {
		return false, err
	}
	before := t.part.size
	err = t.receive(a)
	return t.part.size-before >= enough, err
}

// again asks for the whole file, because the server no longer has the one that was begun.
func (t *transfer) again(ctx context.Context) (bool, error) {
	if t.restarts++; t.restarts > maxRestarts {
		return false, fmt.Errorf("%s: %w", Redacted(t.file.URL), errChanging)
	}
	if err := t.part.restart(""); err != nil {
		return false, err
	}
	return t.attempt(ctx)
}

func (t *transfer) header() http.Header {
	h := t.file.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Accept-Encoding", "identity") // a range of a compressed body is no range of the file
	if t.part.size > 0 {
		h.Set("Range", fmt.Sprintf("bytes=%d-", t.part.size))
		if t.part.note.ETag != "" {
			h.Set("If-Range", t.part.note.ETag)
		}
	}
	return h
}

// limit is the most bytes that are stored.
func (t *transfer) limit() int64 {
	if t.total > 0 {
		return t.total
	}
	return t.file.limit()
}

// limit is the most bytes of a file whose size nobody tells.
func (f File) limit() int64 {
	if f.Limit > 0 {
		return f.Limit
	}
	return usualLimit
}

// receive stores a body. A longer one than was announced is refused, a shorter one is broken.
func (t *transfer) receive(a *answer) error {
	buffer := make([]byte, chunk)
	for {
		n, err := a.Read(buffer)
		if int64(n) > t.limit()-t.part.size {
			return &SizeError{Address: Redacted(t.file.URL), Got: t.part.size + int64(n), Want: t.limit(), Endless: true}
		}
		if err := t.part.write(buffer[:n]); err != nil {
			return t.diskError(err)
		}
		t.show(t.part.size, false)
		switch {
		case err == nil:
			continue
		case !errors.Is(err, io.EOF):
			return t.broken(a.cause(err))
		case t.total > 0 && t.part.size < t.total:
			return t.broken(io.ErrUnexpectedEOF)
		}
		return nil
	}
}

func (t *transfer) broken(err error) error {
	return &BrokenError{Address: Redacted(t.file.URL), Done: t.part.size, Total: t.total, Err: err}
}

// located adds to a failed request how much of the file is there.
func (t *transfer) located(err error) error {
	if b, ok := errors.AsType[*BrokenError](err); ok {
		b.Done, b.Total = t.part.size, t.total
	}
	return err
}

func (t *transfer) checkSpace() error {
	dir := filepath.Dir(t.file.Path)
	if have, need := t.client.FreeBytes(dir), t.total-t.part.size; have >= 0 && need > have {
		return &SpaceError{Dir: dir, Need: need, Free: have}
	}
	return nil
}

func (t *transfer) diskError(err error) error {
	if isFull(err) {
		return &SpaceError{Dir: filepath.Dir(t.file.Path), Need: max(0, t.total-t.part.size), Free: -1}
	}
	return fmt.Errorf("save %s: %w", t.file.Path, err)
}

func (t *transfer) show(done int64, last bool) {
	now := time.Now()
	if t.progress == nil || !last && now.Sub(t.shown) < showEvery {
		return
	}
	t.shown = now
	t.progress(done, t.total)
}

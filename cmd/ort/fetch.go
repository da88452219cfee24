package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// stallTimeout is how long a download may deliver nothing before it is stopped.
const stallTimeout = 60 * time.Second

var errStalled = errors.New("nothing arrived for a minute")

// open sends a GET request and returns the body of a 200 response and its length, -1 where the server does not say.
func open(ctx context.Context, client *http.Client, address, accept string) (io.ReadCloser, int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for %s: not an address", redacted(address))
	}
	req.Header.Set("User-Agent", "darkroom-ort/"+version)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // its own text repeats the address, credentials included
		}
		return nil, 0, fmt.Errorf("ask for %s: %w", redacted(address), err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, 0, fmt.Errorf("%s answers %s", redacted(address), resp.Status)
	}
	return resp.Body, resp.ContentLength, nil
}

// download streams an archive into a temporary file in dir and checks it against the pin. The caller removes the file.
func download(
	ctx context.Context, client *http.Client, address, dir string, p pin, say func(string, ...any),
) (file string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body, length, err := open(ctx, client, address, "")
	if err != nil {
		return "", err
	}
	defer body.Close()
	if p.size == 0 && length > 0 {
		p.size = length
	}
	say("fetching %s (%s)", redacted(address), megabytes(p.size))
	out, err := os.CreateTemp(dir, ".ort-*")
	if err != nil {
		return "", fmt.Errorf("make a temporary file: %w", err)
	}
	defer func() {
		if e := out.Close(); err == nil && e != nil {
			err = fmt.Errorf("save the archive: %w", e)
		}
		if err != nil {
			os.Remove(out.Name())
		}
	}()
	watched := &watchdog{body, time.AfterFunc(stallTimeout, func() { cancel(errStalled) })}
	defer watched.timer.Stop()
	if err := receive(ctx, out, watched, p); err != nil {
		return "", err
	}
	return out.Name(), nil
}

// receive copies an archive and refuses one of the wrong size or hash.
func receive(ctx context.Context, out io.Writer, in io.Reader, p pin) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, limit(p.size)))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("after %s of %s: %w", megabytes(n), megabytes(p.size), err)
	}
	if p.size > 0 && n != p.size {
		return fmt.Errorf("the archive has %d bytes or more, want %d", n, p.size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.sha256 {
		return fmt.Errorf("the archive's SHA-256 is %s, want %s", got, p.sha256)
	}
	return nil
}

// limit is one byte more than expected, so that a longer body is noticed and not stored.
func limit(size int64) int64 {
	if size <= 0 {
		return 1 << 30
	}
	return size + 1
}

// watchdog restarts its timer with every piece that arrives.
type watchdog struct {
	io.Reader
	timer *time.Timer
}

func (w *watchdog) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.timer.Reset(stallTimeout)
	}
	return n, err
}

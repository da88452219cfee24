package hubtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"time"
)

// content is a file of a model: in memory, or on the disk.
type content struct {
	data      []byte
	path      string // "" for one in memory
	size      int64
	sum, blob string // its SHA-256, and how git names it
}

// readContent hashes a file of the disk.
func readContent(path string) (content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return content{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	sum, blob := sha256.New(), blobHash(info.Size())
	_, err = io.Copy(io.MultiWriter(sum, blob), f)
	c := content{path: path, size: info.Size(), sum: inHex(sum), blob: inHex(blob)}
	return c, errors.Join(err, f.Close())
}

// serve sends the content, or the part of it that a request wants.
func (c content) serve(w http.ResponseWriter, r *http.Request) {
	if c.path == "" {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(c.data))
		return
	}
	f, err := os.Open(c.path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer f.Close()
	http.ServeContent(w, r, "", time.Time{}, f)
}

// entry is the content's line in a listing.
func (c content) entry(name string) map[string]any {
	e := map[string]any{"type": "file", "path": name, "oid": c.blob, "size": c.size}
	if isLarge(name) {
		e["lfs"] = map[string]any{"oid": c.sum, "size": c.size, "pointerSize": 134}
	}
	return e
}

// Sum is the SHA-256 of data in hex.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Blob is how git names data.
func Blob(data []byte) string {
	h := blobHash(int64(len(data)))
	h.Write(data)
	return inHex(h)
}

func blobHash(size int64) hash.Hash {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", size)
	return h
}

func inHex(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

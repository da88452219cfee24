package download

import (
	"crypto/sha1" //nolint:gosec // git names blobs by it
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// part is a file that is not whole yet, NAME.part, with its note NAME.part.json.
type part struct {
	path    string // of the part
	out     *os.File
	size    int64
	note    note
	sums    sums
	resumed bool // it holds bytes of an earlier Fetch
	gone    bool // renamed or removed
}

// note tells which content a part belongs to.
type note struct {
	ETag   string `json:"etag,omitempty"` // a strong one
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Blob   string `json:"blob,omitempty"`
}

// continues tells whether a part with this note can be the beginning of a file: the server will say so by the tag, or
// the hash will show it in the end.
func (n note) continues(f File) bool {
	known := n.ETag != "" || n.SHA256 != "" || n.Blob != ""
	return known && n.Size == f.Size && n.SHA256 == f.SHA256 && n.Blob == f.Blob
}

// openPart opens what an earlier Fetch left, or an empty part, and keeps other processes from it.
func openPart(f File) (*part, error) {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	path := f.Path + ".part"
	out, err := openLocked(path, f.Path)
	if err != nil {
		return nil, err
	}
	p := &part{path: path, out: out, sums: newSums(f)}
	p.note = note{Size: f.Size, SHA256: f.SHA256, Blob: f.Blob}
	if err := p.resume(f); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// openLocked opens and locks a file. Between the two another process may have put it in its place: then the name leads
// elsewhere, and the file must not be touched.
func openLocked(path, name string) (*os.File, error) {
	for range 3 {
		out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("save the download: %w", err)
		}
		if !lock(out) {
			out.Close()
			return nil, &BusyError{Path: name}
		}
		opened, err := out.Stat()
		named, err2 := os.Stat(path)
		if err == nil && err2 == nil && os.SameFile(opened, named) {
			return out, nil
		}
		out.Close()
	}
	return nil, &BusyError{Path: name}
}

// resume reads what is there, or empties a part that does not belong to the file.
func (p *part) resume(f File) error {
	info, err := p.out.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", p.path, err)
	}
	var kept note
	data, err := os.ReadFile(p.notePath())
	fits := err == nil && json.Unmarshal(data, &kept) == nil && kept.continues(f)
	if info.Size() == 0 || !fits || f.Size > 0 && info.Size() > f.Size {
		return p.restart("")
	}
	n, err := io.Copy(p.sums, p.out)
	if err != nil {
		return fmt.Errorf("read %s: %w", p.path, err)
	}
	p.size, p.note, p.resumed = n, kept, true
	return nil
}

func (p *part) notePath() string { return p.path + ".json" }

// restart empties the part and notes which content it will hold: the tag is "" where none is known yet.
func (p *part) restart(etag string) error {
	if err := p.out.Truncate(0); err != nil {
		return fmt.Errorf("save the download: %w", err)
	}
	if _, err := p.out.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("save the download: %w", err)
	}
	p.sums.reset()
	p.size, p.resumed, p.note.ETag = 0, false, etag
	data, err := json.Marshal(p.note)
	if err != nil {
		return fmt.Errorf("note the download: %w", err)
	}
	if err := os.WriteFile(p.notePath(), data, 0o644); err != nil {
		return fmt.Errorf("note the download: %w", err)
	}
	return nil
}

func (p *part) write(data []byte) error {
	n, err := p.out.Write(data)
	p.sums.add(data[:n])
	p.size += int64(n)
	return err
}

// place checks the whole part and gives it its name. A wrong one is removed, unless it was resumed.
func (p *part) place(f File) error {
	if f.Size > 0 && p.size != f.Size {
		p.remove()
		return &SizeError{Address: Redacted(f.URL), Got: p.size, Want: f.Size}
	}
	if got, want := p.sums.compare(f); got != want {
		if !p.resumed {
			p.remove()
		}
		return &HashError{Address: Redacted(f.URL), Got: got, Want: want}
	}
	if err := p.out.Sync(); err != nil {
		return fmt.Errorf("save %s: %w", f.Path, err)
	}
	if err := os.Rename(p.path, f.Path); err != nil {
		return fmt.Errorf("put %s in place: %w", f.Path, err)
	}
	p.gone = true
	os.Remove(p.notePath())
	return nil
}

// keep leaves the part for the next Fetch after an error, unless it cannot become the file.
func (p *part) keep(err error) {
	_, wrong := errors.AsType[*SizeError](err)
	if wrong || p.size == 0 || !p.note.continues(File{Size: p.note.Size, SHA256: p.note.SHA256, Blob: p.note.Blob}) {
		p.remove()
	}
}

func (p *part) remove() {
	if !p.gone {
		os.Remove(p.notePath())
		os.Remove(p.path)
	}
	p.gone = true
}

// close ends the lock.
func (p *part) close() { p.out.Close() }

// sums are the hashes that a file is checked by, as it grows.
type sums struct {
	sha256 hash.Hash
	blob   hash.Hash // nil where git's name is not known
	size   int64
}

func newSums(f File) sums {
	s := sums{sha256: sha256.New(), size: f.Size}
	if f.Blob != "" {
		s.blob = sha1.New() //nolint:gosec // as above
	}
	s.reset()
	return s
}

func (s sums) reset() {
	s.sha256.Reset()
	if s.blob != nil {
		s.blob.Reset()
		fmt.Fprintf(s.blob, "blob %d\x00", s.size)
	}
}

// Write adds to the hashes.
func (s sums) Write(data []byte) (int, error) {
	s.add(data)
	return len(data), nil
}

func (s sums) add(data []byte) {
	s.sha256.Write(data)
	if s.blob != nil {
		s.blob.Write(data)
	}
}

// compare returns the first hash that differs and the one that is wanted, or twice the same.
func (s sums) compare(f File) (got, want string) {
	if got := hex.EncodeToString(s.sha256.Sum(nil)); f.SHA256 != "" && got != f.SHA256 {
		return got, f.SHA256
	}
	if s.blob != nil {
		return hex.EncodeToString(s.blob.Sum(nil)), f.Blob
	}
	return "", ""
}

// InPlace tells whether the file is whole in its place. Without a hash that cannot be told.
func (f File) InPlace() bool {
	_, whole := f.inPlace()
	return whole
}

// inPlace is InPlace with the file's size.
func (f File) inPlace() (int64, bool) {
	info, err := os.Stat(f.Path)
	if err != nil || !info.Mode().IsRegular() || f.SHA256 == "" && f.Blob == "" || f.Size > 0 && info.Size() != f.Size {
		return 0, false
	}
	in, err := os.Open(f.Path)
	if err != nil {
		return 0, false
	}
	defer in.Close()
	s := newSums(f)
	n, err := io.Copy(s, in)
	got, want := s.compare(f)
	return n, err == nil && got == want
}

// isFull tells whether a disk or a quota is full.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

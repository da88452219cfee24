// Package filehash computes the SHA-256 of files and remembers it in a cache file: models have many gigabytes, and are
// named by the hash of their content. What is remembered counts while the file's size, time, inode and first bytes
// are the same.
package filehash

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"time"
)

// ErrChanged is the error of a file that was written to while it was read.
var ErrChanged = errors.New("the file changed while it was read")

// Stamp tells two contents of a file apart without reading it, as a rule.
type Stamp struct {
	Size  int64     `json:"size"`            // bytes
	Time  time.Time `json:"time"`            // of the last modification
	Inode uint64    `json:"inode,omitempty"` // 0 where it is not known
}

// StampOf returns the stamp of a file.
func StampOf(info fs.FileInfo) Stamp {
	return Stamp{Size: info.Size(), Time: info.ModTime(), Inode: inode(info)}
}

// Same tells whether two stamps are of the same content. An inode that is not known fits any.
func (s Stamp) Same(other Stamp) bool {
	return s.Size == other.Size && s.Time.Equal(other.Time) &&
		(s.Inode == other.Inode || s.Inode == 0 || other.Inode == 0)
}

// File is a file as it was when it was hashed.
type File struct {
	Path string `json:"path"`
	Stamp
}

// Check returns an error where the file is gone, or is not as it was.
func (f File) Check() error {
	info, err := os.Stat(f.Path)
	if err != nil {
		return err
	}
	if !f.Same(StampOf(info)) {
		return fmt.Errorf("%s: changed since it was opened", f.Path)
	}
	return nil
}

// Record is what is known about one file.
type Record struct {
	Stamp
	SHA256  string `json:"sha256"`            // of the whole file, in hexadecimal digits
	Head    string `json:"head,omitempty"`    // of the first headBytes, as SHA256; "" where an earlier version wrote it
	Tensors string `json:"tensors,omitempty"` // of what follows a safetensors header, see SumTensors
}

// headBytes is how much of a file tells at once that it is another: names of tensors, and the metadata of a training.
const headBytes = 64 << 10

// bufferBytes is how much is read at a time.
const bufferBytes = 1 << 20

// openRegular opens a file that has an end. A pipe would wait for its writer, for ever.
func openRegular(path string) (*os.File, Stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Stamp{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, Stamp{}, fmt.Errorf("%s: %v, want a file", path, info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, Stamp{}, err
	}
	if info, err = f.Stat(); err != nil {
		return nil, Stamp{}, errors.Join(err, f.Close())
	}
	return f, StampOf(info), nil
}

// MaxSmall is how many bytes ReadSmall reads: settings and cards have some kilobytes.
const MaxSmall = 16 << 20

// ReadSmall reads a file of settings that lies beside weights, as whoever made it wrote it: one that is larger than
// MaxSmall, or no file, is an error. A file that does not exist is os.ErrNotExist.
func ReadSmall(path string) ([]byte, error) {
	f, stamp, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if stamp.Size > MaxSmall {
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, stamp.Size, MaxSmall)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSmall))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

// Progress is told the number of bytes of each piece that was read. Its error ends the reading. A nil one does nothing.
type Progress func(bytes int64) error

func (p Progress) tell(bytes int64) error {
	if p == nil {
		return nil
	}
	return p(bytes)
}

// sum hashes a file, and what follows its header if that is asked for.
func sum(path string, withTensors bool, progress Progress) (Record, error) {
	f, stamp, err := openRegular(path)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	h := hashes{whole: sha256.New(), head: sha256.New(), tensors: sha256.New(), from: math.MaxInt64}
	if withTensors {
		if h.from, err = headerEnd(f); err != nil {
			return Record{}, err
		}
	}
	if err := h.read(f, stamp.Size, progress); err != nil {
		return Record{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Record{}, err
	}
	if !stamp.Same(StampOf(info)) {
		return Record{}, fmt.Errorf("%s: %w", path, ErrChanged)
	}
	r := Record{Stamp: stamp, SHA256: hexSum(h.whole), Head: hexSum(h.head)}
	if withTensors {
		r.Tensors = hexSum(h.tensors)
	}
	return r, nil
}

// hashes are the sums of a file that is being read.
type hashes struct {
	whole, head, tensors hash.Hash
	from, at             int64 // where the tensors begin, and how far the file was read
}

// read reads a file of a size to its end.
func (h *hashes) read(f *os.File, size int64, progress Progress) error {
	buffer := make([]byte, min(bufferBytes, size+1)) // one more byte shows whether the file has grown
	for {
		n, err := f.Read(buffer)
		h.add(buffer[:n])
		if err := progress.tell(int64(n)); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", f.Name(), err)
		case h.at > size:
			return fmt.Errorf("%s: %w", f.Name(), ErrChanged)
		}
	}
}

func (h *hashes) add(piece []byte) {
	n := int64(len(piece))
	h.whole.Write(piece)
	if h.at < headBytes {
		h.head.Write(piece[:min(n, headBytes-h.at)])
	}
	if h.at+n > h.from {
		h.tensors.Write(piece[max(0, h.from-h.at):])
	}
	h.at += n
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// headerEnd is where the header of a safetensors file ends: after a length of eight bytes and as many bytes as it says.
func headerEnd(f *os.File) (int64, error) {
	var length [8]byte
	if _, err := f.ReadAt(length[:], 0); err != nil {
		return 0, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	return 8 + int64(min(n, math.MaxInt64-8)), nil
}

// headSum hashes the first bytes of a file, and returns its stamp.
func headSum(path string) (string, Stamp, error) {
	f, stamp, err := openRegular(path)
	if err != nil {
		return "", Stamp{}, err
	}
	defer f.Close()
	head := sha256.New()
	if _, err := io.Copy(head, io.LimitReader(f, headBytes)); err != nil {
		return "", Stamp{}, fmt.Errorf("read %s: %w", path, err)
	}
	return hexSum(head), stamp, nil
}

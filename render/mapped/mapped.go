// Package mapped keeps files of weights in memory, read only, for as long as somebody uses them, and notices when they
// change.
package mapped

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrChanged says that a file is not the one that was opened any more.
var ErrChanged = errors.New("the file has changed since it was opened")

// File is a file that can be mapped. Its methods may be called concurrently.
type File struct {
	Path string
	Size int64 // bytes

	info    os.FileInfo // of the file that was opened
	mu      sync.Mutex  // guards region
	region  *region     // the file in memory; nil while nobody uses it
	mapFile func(*os.File, int64) (*region, error)
}

// Open notes a file's size and time. It is not kept open.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return New(path, info)
}

// New is Open for a file whose facts are known.
func New(path string, info os.FileInfo) (*File, error) {
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	return &File{Path: path, Size: info.Size(), info: info, mapFile: mapRegion}, nil
}

// Check says whether the path still leads to the file that was opened, unchanged. It returns ErrChanged if not.
func (f *File) Check() error {
	now, err := os.Stat(f.Path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if !os.SameFile(f.info, now) || !unchanged(f.info, now) {
		return fmt.Errorf("%s: %w", f.Path, ErrChanged)
	}
	return nil
}

// Identity is the same text for two Files that were opened from one unchanged file.
func (f *File) Identity() string {
	return fmt.Sprintf("%s %d %d", f.Path, f.Size, f.info.ModTime().UnixNano())
}

func unchanged(then, now os.FileInfo) bool {
	return then.Size() == now.Size() && then.ModTime().Equal(now.ModTime())
}

// unwrapPath drops the path of an error, which the caller names.
func unwrapPath(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// region is the bytes of a file in memory, read only, shared by the mappings of a File.
type region struct {
	data  []byte
	file  *os.File // nil where data is a copy, which cannot change
	info  os.FileInfo
	users int
	free  func() error
}

// Mapping is a hold on the bytes of a file. They stay valid until it is closed. Its methods may be called concurrently,
// Close included: whoever reads while another may close holds a mapping of their own.
type Mapping struct {
	file   *File
	region *region
	once   sync.Once
}

// Map maps the file into memory, read only; its pages are read when they are used, and the system may drop them. On
// systems without mappings the file is read whole. Several mappings of a File share their memory. The caller closes
// each. A file that changed since Open is ErrChanged.
func (f *File) Map() (*Mapping, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.region == nil {
		r, err := f.newRegion()
		if err != nil {
			return nil, fmt.Errorf("map %s: %w", f.Path, err)
		}
		f.region = r
	}
	f.region.users++
	return &Mapping{file: f, region: f.region}, nil
}

// Users is how many mappings of the file are open.
func (f *File) Users() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.region == nil {
		return 0
	}
	return f.region.users
}

func (f *File) newRegion() (_ *region, err error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, unwrapPath(err)
	}
	defer func() {
		if err != nil {
			_ = file.Close() // the first error says more
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, unwrapPath(err)
	}
	if !os.SameFile(f.info, info) || !unchanged(f.info, info) {
		return nil, ErrChanged
	}
	r, err := f.mapFile(file, f.Size)
	if err != nil {
		return nil, err
	}
	r.info = info
	return r, nil
}

// readRegion reads a file whole, for systems without mappings.
func readRegion(file *os.File, size int64) (*region, error) {
	data := make([]byte, size)
	if _, err := file.ReadAt(data, 0); err != nil {
		return nil, unwrapPath(err)
	}
	return &region{data: data, free: func() error { return nil }}, file.Close()
}

// Bytes returns length bytes from offset on, without a copy. They must not be written.
func (m *Mapping) Bytes(offset, length int64) []byte {
	return m.region.data[offset : offset+length : offset+length]
}

// Check says whether the mapped file is unchanged. A file that shrinks while it is mapped ends the process that reads
// it, so look before each job. Replacing the file by renaming another one to its name does not change a mapped one.
func (m *Mapping) Check() error {
	if m.region.file == nil {
		return nil
	}
	now, err := m.region.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", m.file.Path, unwrapPath(err))
	}
	if !unchanged(m.region.info, now) {
		return fmt.Errorf("%s: %w", m.file.Path, ErrChanged)
	}
	return nil
}

// Close ends the hold. The memory is freed with the last one. A second call does nothing.
func (m *Mapping) Close() (err error) {
	m.once.Do(func() {
		m.file.mu.Lock()
		defer m.file.mu.Unlock()
		if m.region.users--; m.region.users > 0 {
			return
		}
		m.file.region = nil
		err = m.region.free()
	})
	return err
}

package safetensors

import (
	"fmt"
	"os"
	"sync"
)

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

// Bytes returns the bytes of a tensor of this file, without a copy. They must not be written.
func (m *Mapping) Bytes(t Tensor) []byte {
	return m.region.data[t.Offset : t.Offset+t.Length : t.Offset+t.Length]
}

// Floats converts a tensor to float32.
func (m *Mapping) Floats(t Tensor) ([]float32, error) { return Floats(t.DType, m.Bytes(t)) }

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

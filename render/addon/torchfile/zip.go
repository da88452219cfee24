package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// loadZip reads the form of torch 1.6 and later: NAME/data.pkl, and NAME/data/KEY for each storage, none of them
// compressed. What is read together is at most the file's size, so that entries that overlap are no bomb.
func loadZip(archive *zip.Reader, size int64) (any, error) {
	entries, left := map[string]*zip.File{}, size
	for _, entry := range archive.File {
		_, name, _ := strings.Cut(entry.Name, "/")
		entries[name] = entry
	}
	read := func(name string, most int64) ([]byte, error) {
		if entries[name] == nil {
			return nil, fmt.Errorf("%w: no %.60q in the archive", ErrFormat, name)
		}
		return readEntry(entries[name], min(most, left), &left)
	}
	pickle, err := read("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	if order, err := read("byteorder", 16); err == nil && string(order) != "little" {
		return nil, fmt.Errorf("byte order %.10q, want little", order)
	}
	m := machine{code: pickle}
	root, err := m.run()
	if err != nil {
		return nil, err
	}
	for _, s := range m.order {
		if s.data, err = read("data/"+s.key, size); err != nil {
			return nil, err
		}
	}
	return root, m.fill()
}

func readEntry(entry *zip.File, most int64, left *int64) (data []byte, err error) {
	switch {
	case entry.Method != zip.Store:
		return nil, errors.New("a compressed entry, as torch.save never writes")
	case entry.UncompressedSize64 > uint64(most):
		return nil, fmt.Errorf("an entry of %d bytes, want at most %d", entry.UncompressedSize64, most)
	}
	file, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, most))
	*left -= int64(len(data))
	return data, err
}

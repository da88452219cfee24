package torchfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
)

// legacyMagic begins a file of before torch 1.6; legacyVersion follows.
const legacyVersion = 1001

func legacyMagic() *big.Int {
	n, _ := new(big.Int).SetString("1950a86a20f9469cfc6c", 16)
	return n
}

// loadLegacy reads four pickles (the magic number, the version, the system's sizes, the object), one with the order of
// the storages, and the storages, each after its number of values.
func loadLegacy(r *io.SectionReader) (any, error) {
	code := make([]byte, min(r.Size(), maxPickle))
	if _, err := io.ReadFull(r, code); err != nil {
		return nil, ErrFormat
	}
	at := 0
	next := func() (*machine, any, error) {
		m := &machine{code: code[at:]}
		value, err := m.run()
		at += m.at
		return m, value, err
	}
	_, magic, err := next()
	if n, ok := magic.(*big.Int); err != nil || !ok || n.Cmp(legacyMagic()) != 0 {
		return nil, ErrFormat
	}
	if _, version, err := next(); err != nil || version != any(int64(legacyVersion)) {
		return nil, ErrFormat
	}
	_, system, err := next()
	if d, ok := system.(*Dict); err != nil || !ok || d.Get("little_endian") != any(true) {
		return nil, fmt.Errorf("%w: not little-endian", ErrFormat)
	}
	m, root, err := next()
	if err != nil {
		return nil, err
	}
	_, keys, err := next()
	order, ok := keys.(*List)
	if err != nil || !ok {
		return nil, ErrFormat
	}
	if err := m.readStorages(r, int64(at), order.Items); err != nil {
		return nil, err
	}
	return root, m.fill()
}

// readStorages reads the storages behind the pickles.
func (m *machine) readStorages(r *io.SectionReader, at int64, keys []any) error {
	for _, key := range keys {
		name, _ := key.(string)
		s := m.storages[name]
		if s == nil {
			return fmt.Errorf("%w: an unknown storage", ErrFormat)
		}
		count := make([]byte, 8)
		if _, err := r.ReadAt(count, at); err != nil {
			return ErrFormat
		}
		n := binary.LittleEndian.Uint64(count)
		if n != uint64(s.count) || s.data != nil || s.bytes() > r.Size()-at-8 {
			return fmt.Errorf("a storage of %d values, want %d", n, s.count)
		}
		s.data = make([]byte, s.bytes())
		if _, err := r.ReadAt(s.data, at+8); err != nil {
			return ErrFormat
		}
		at += 8 + s.bytes()
	}
	return nil
}

package torchfile

import (
	"encoding/binary"
	"errors"
	"math/big"
)

func (m *machine) text(op byte) error {
	width := map[byte]int{'X': 4, 0x8c: 1, 0x8d: 8, 'U': 1, 'T': 4}[op]
	data, err := m.take(width)
	if err != nil {
		return err
	}
	n := uint64(0)
	for i, b := range data {
		n |= uint64(b) << (8 * i)
	}
	if n > uint64(len(m.code)) {
		return errShort
	}
	data, err = m.take(int(n))
	m.push(string(data))
	return err
}

func (m *machine) number(op byte) error {
	width := map[byte]int{'J': 4, 'K': 1, 'M': 2, 'G': 8, 0x8a: 1}[op]
	data, err := m.take(width)
	if err != nil {
		return err
	}
	switch op {
	case 'J':
		m.push(int64(int32(binary.LittleEndian.Uint32(data))))
	case 'K':
		m.push(int64(data[0]))
	case 'M':
		m.push(int64(binary.LittleEndian.Uint16(data)))
	case 'G':
		m.push(float64FromBig(data))
	default: // LONG1: little-endian two's complement
		if data, err = m.take(int(data[0])); err != nil {
			return err
		}
		m.push(long(data))
	}
	return nil
}

// long reads a whole number of any length: an int64 where it fits, as the keys of hypernetworks.
func long(data []byte) any {
	big2 := new(big.Int)
	reversed := make([]byte, len(data))
	for i, b := range data {
		reversed[len(data)-1-i] = b
	}
	big2.SetBytes(reversed)
	if len(data) > 0 && data[len(data)-1] > 127 {
		big2.Sub(big2, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
	}
	if big2.IsInt64() {
		return big2.Int64()
	}
	return big2
}

// collect runs the instructions that build tuples, lists and dicts.
func (m *machine) collect(op byte) error {
	var items []any
	var err error
	switch op {
	case 't', 'e', 'u':
		items, err = m.popMark()
	default:
		n := map[byte]int{0x85: 1, 0x86: 2, 0x87: 3, 'a': 1, 's': 2}[op]
		items = make([]any, n)
		for i := n - 1; i >= 0 && err == nil; i-- {
			items[i], err = m.pop()
		}
	}
	if err != nil {
		return err
	}
	switch op {
	case 'a', 'e':
		return m.appendTo(items)
	case 's', 'u':
		return m.setIn(items)
	default:
		m.push(&List{Items: items})
		return nil
	}
}

func (m *machine) appendTo(items []any) error {
	on, err := m.top()
	list, ok := on.(*List)
	if err != nil || !ok {
		return errors.New("the pickle appends to what is no list")
	}
	for _, item := range items {
		if item, err = plain(item, nil); err != nil {
			return err
		}
		list.Items = append(list.Items, item)
	}
	return nil
}

func (m *machine) setIn(items []any) error {
	on, err := m.top()
	if err != nil || len(items)%2 != 0 {
		return errStack
	}
	dict, ok := on.(*Dict)
	if o, isObject := on.(*object); isObject {
		dict, ok = o.dict, true
	}
	if !ok {
		return errors.New("the pickle sets an item of what is no dict")
	}
	for i := 0; i < len(items); i += 2 {
		value, err := plain(items[i+1], nil)
		if err != nil {
			return err
		}
		dict.set(items[i], value)
	}
	return nil
}

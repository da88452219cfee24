package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// machine runs the instructions of a pickle on a stack.
type machine struct {
	code  []byte
	at    int
	stack []any
	marks []int
	memo  map[uint32]any

	storages map[string]*storage
	order    []*storage
	views    []view
	total    int64 // values of all views
}

// global is a name that a pickle refers to. It is no code: calling one only builds what stands in call.
type global string

// object is a Python object without attributes so far: see build.
type object struct {
	class global
	dict  *Dict
}

var (
	errShort = errors.New("the pickle ends too early")
	errStack = errors.New("the pickle takes from an empty stack")
)

// run reads instructions up to STOP and returns what is on the stack then.
func (m *machine) run() (any, error) {
	m.memo, m.storages = map[uint32]any{}, map[string]*storage{}
	for {
		op, err := m.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return plain(m.pop())
		}
		if err := m.step(op[0]); err != nil {
			return nil, err
		}
	}
}

// plain replaces an object by its attributes.
func plain(v any, err error) (any, error) {
	switch o := v.(type) {
	case *object:
		return o.dict, err
	case global, *storage, mark:
		return nil, errors.New("the pickle holds a name and no value")
	}
	return v, err
}

type mark struct{}

func (m *machine) take(n int) ([]byte, error) {
	if n < 0 || n > len(m.code)-m.at {
		return nil, errShort
	}
	m.at += n
	return m.code[m.at-n : m.at], nil
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

func (m *machine) pop() (any, error) {
	if len(m.stack) == 0 || len(m.marks) > 0 && len(m.stack) <= m.marks[len(m.marks)-1] {
		return nil, errStack
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// popMark returns what lies above the last mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errStack
	}
	from := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	items := append([]any(nil), m.stack[from:]...)
	m.stack = m.stack[:from]
	return items, nil
}

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, errStack
	}
	return m.stack[len(m.stack)-1], nil
}

// step runs one instruction. The letters are those of Python's pickletools.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		_, err := m.take(1)
		return err
	case 0x95: // FRAME
		_, err := m.take(8)
		return err
	case '}':
		m.push(&Dict{})
	case ']', ')':
		m.push(&List{})
	case 'N':
		m.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		m.push(op == 0x88)
	case '(':
		m.marks = append(m.marks, len(m.stack))
	case '0': // POP
		_, err := m.pop()
		return err
	case 'q', 'r', 'h', 'j', 0x94:
		return m.remember(op)
	case 'X', 0x8c, 0x8d, 'U', 'T':
		return m.text(op)
	case 'J', 'K', 'M', 0x8a, 'G':
		return m.number(op)
	case 0x85, 0x86, 0x87, 't', 'a', 'e', 's', 'u':
		return m.collect(op)
	default:
		return m.refer(op)
	}
	return nil
}

// refer runs the instructions that name and call things.
func (m *machine) refer(op byte) error {
	switch op {
	case 'c': // GLOBAL
		module, err := m.line()
		if err != nil {
			return err
		}
		name, err := m.line()
		m.push(global(module + "." + name))
		return err
	case 0x93: // STACK_GLOBAL
		name, err := m.pop()
		if err != nil {
			return err
		}
		module, err := m.pop()
		moduleText, isText := module.(string)
		nameText, isName := name.(string)
		if err != nil || !isText || !isName {
			return errors.New("a name that is no text")
		}
		m.push(global(moduleText + "." + nameText))
	case 'R', 0x81: // REDUCE, NEWOBJ
		return m.call()
	case 'b': // BUILD
		return m.build()
	case 'Q': // BINPERSID
		return m.persistent()
	default:
		return fmt.Errorf("the pickle has the instruction %#x, which no file of tensors needs", op)
	}
	return nil
}

// remember runs the instructions of the memo.
func (m *machine) remember(op byte) error {
	index := uint32(len(m.memo))
	if op != 0x94 {
		width := 1
		if op == 'r' || op == 'j' {
			width = 4
		}
		data, err := m.take(width)
		if err != nil {
			return err
		}
		index = uint32(data[0])
		if width == 4 {
			index = binary.LittleEndian.Uint32(data)
		}
	}
	if op == 'h' || op == 'j' {
		v, ok := m.memo[index]
		if !ok {
			return errors.New("the pickle refers to what it did not remember")
		}
		m.push(v)
		return nil
	}
	v, err := m.top()
	m.memo[index] = v
	return err
}

func (m *machine) line() (string, error) {
	text, _, found := strings.Cut(string(m.code[m.at:min(m.at+256, len(m.code))]), "\n")
	if !found {
		return "", errShort
	}
	m.at += len(text) + 1
	return text, nil
}

package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
)

// archive makes a torch file of a pickle and storages.
func archive(t testing.TB, method uint16, pickle string, storages map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name string, data []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: method})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("data.pkl", []byte(pickle))
	for name, data := range storages {
		add("data/"+name, data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tensorOf is the pickle of a tensor of the storage "0", with numbers below 256.
func tensorOf(class string, count, offset byte, sizes, strides []byte) string {
	tuple := func(numbers []byte) string {
		s := "("
		for _, n := range numbers {
			s += "K" + string([]byte{n})
		}
		return s + "t"
	}
	text := func(s string) string { return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s }
	return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "c" + class + "\n" + text("0") + text("cpu") +
		"K" + string([]byte{count}) + "tQK" + string([]byte{offset}) + tuple(sizes) + tuple(strides) + "\x89}tR"
}

func load(data []byte) (any, error) { return Load(bytes.NewReader(data), int64(len(data))) }

func TestLoad(t *testing.T) {
	t.Parallel()
	bytes3 := []byte{0, 1, 2, 3, 4, 5}
	root, err := load(archive(t, zip.Store, "\x80\x02"+tensorOf("torch\nByteStorage", 6, 1, []byte{2, 2},
		[]byte{1, 2})+".",
		map[string][]byte{"0": bytes3}))
	if err != nil {
		t.Fatal(err)
	}
	// Row r, column c lies at 1 + r + 2c.
	if x := root.(*Tensor); x.Shape[0] != 2 || x.Shape[1] != 2 || [4]float32(x.Data) != [4]float32{1, 3, 2, 4} {
		t.Errorf("got %v", x)
	}
	for pickle, want := range map[string]any{
		"N.": nil, "\x88.": true, "K\x07.": int64(7), "M\x01\x01.": int64(257), "J\xff\xff\xff\xff.": int64(-1),
		"\x8a\x02\x00\x03.": int64(768), "\x8a\x01\xff.": int64(-1), "\x8a\x00.": int64(0),
		"G\x3f\xf8\x00\x00\x00\x00\x00\x00.": 1.5, "\x8c\x02hi.": "hi",
		"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x01\x94h\x00.": int64(1),
	} {
		if got, err := load(archive(t, zip.Store, pickle, nil)); got != want || err != nil {
			t.Errorf("%q: got %v, %v, want %v", pickle, got, err, want)
		}
	}
}

// TestLoadRefuses has what a file may not do.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	float := func(count, offset byte, sizes, strides []byte) string {
		return tensorOf("torch\nFloatStorage", count, offset, sizes, strides) + "."
	}
	call := func(name string) string { return "c" + name + "\n(X\x02\x00\x00\x00lstR." }
	for name, c := range map[string]struct{ pickle, want string }{
		"a command":                   {call("posix\nsystem"), "wants to call"},
		"eval":                        {call("builtins\neval"), "wants to call"},
		"getattr":                     {call("__builtin__\ngetattr"), "wants to call"},
		"torch.load":                  {call("torch\nload"), "wants to call"},
		"numpy":                       {call("numpy.core.multiarray\n_reconstruct"), "wants to call"},
		"an instance":                 {"(iposix\nsystem\n.", "instruction 0x69"},
		"an extension":                {"\x82\x01.", "instruction 0x82"},
		"text by lines":               {"S'a'\n.", "instruction 0x53"},
		"a named call by stack":       {"\x8c\x05posix\x8c\x06system\x93)R.", "wants to call"},
		"a call of what is no name":   {"K\x01)R.", "calls what is no name"},
		"a name as the value":         {"cposix\nsystem\n.", "holds a name"},
		"a name in a dict":            {"}\x8c\x01acposix\nsystem\ns.", "holds a name"},
		"an empty stack":              {".", "empty stack"},
		"a mark that is missing":      {"t.", "empty stack"},
		"below a mark":                {"K\x01(\x85.", "empty stack"},
		"memo":                        {"h\x05.", "did not remember"},
		"a text beyond the end":       {"X\xff\xff\xff\xffa.", "too early"},
		"a number beyond the end":     {"\x8a\xff\x01.", "too early"},
		"no end":                      {"K\x01", "too early"},
		"append to a number":          {"K\x01K\x02a.", "no list"},
		"set in a number":             {"K\x01K\x02K\x03s.", "no dict"},
		"attributes of a number":      {"K\x01}b.", "what has none"},
		"a storage by another name":   {tensorOf("os\nsystem", 1, 0, []byte{1}, []byte{1}) + ".", "of the class"},
		"too large":                   {float(2, 0, []byte{3}, []byte{1}), "in a storage of 2"},
		"beyond the storage":          {float(4, 2, []byte{3}, []byte{1}), "in a storage of 4"},
		"values again and again":      {float(4, 0, []byte{200, 200}, []byte{0, 0}), "in a storage of 4"},
		"strides of another number":   {float(4, 0, []byte{2, 2}, []byte{1}), "other arguments"},
		"a storage shorter than told": {float(9, 0, []byte{9}, []byte{1}), "a storage of 16 bytes"},
		"an OrderedDict of a number":  {"ccollections\nOrderedDict\n(K\x01tR.", "pairs"},
	} {
		got, err := load(archive(t, zip.Store, c.pickle, map[string][]byte{"0": make([]byte, 16)}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v, want an error with %q", name, got, err, c.want)
		}
	}
}

// TestLoadBombs has files that stand for more than they hold.
func TestLoadBombs(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 1<<20)
	for name, data := range map[string][]byte{
		"a compressed storage that would fit": archive(t, zip.Deflate,
			tensorOf("torch\nByteStorage", 200, 0, []byte{200}, []byte{1})+".", map[string][]byte{"0": zeros[:200]}),
		"a compressed storage": archive(t, zip.Deflate, tensorOf("torch\nByteStorage", 200, 0, []byte{200}, []byte{1})+".",
			map[string][]byte{"0": zeros}),
		"a long pickle": archive(t, zip.Store, strings.Repeat("}", maxPickle+1), nil),
		"no archive":    []byte("PK\x03\x04 and nothing more"),
		"a path": archive(t, zip.Store, strings.Replace(tensorOf("torch\nByteStorage", 1, 0, []byte{1}, []byte{1}),
			"\x01\x00\x00\x000", "\x04\x00\x00\x00../x", 1)+".", nil),
		"nothing":   {},
		"no pickle": []byte("hello, I am text"),
	} {
		if got, err := load(data); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if _, err := Load(bytes.NewReader(zeros), MaxFile+1); err == nil {
		t.Error("a file that is too long: got no error")
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.pt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
}

// FuzzLoad feeds broken files: whatever they say, memory is bounded by their size and nothing panics.
func FuzzLoad(f *testing.F) {
	var record addontest.Torch
	addontest.ReadRecord(f, "torch.json.gz", &record)
	for _, group := range []map[string][]byte{record.Embeddings, record.Hypernets} {
		for _, data := range group {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := load(data)
		if x, ok := root.(*Tensor); ok && err == nil {
			n := 1
			for _, d := range x.Shape {
				n *= d
			}
			if n != len(x.Data) {
				t.Errorf("%d values in a shape of %v", len(x.Data), x.Shape)
			}
		}
	})
}

// FuzzPickle feeds instructions alone, which a mutated archive rarely reaches.
func FuzzPickle(f *testing.F) {
	f.Add([]byte(tensorOf("torch\nFloatStorage", 4, 0, []byte{2, 2}, []byte{2, 1}) + "."))
	f.Add([]byte("\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00b]u."))
	f.Fuzz(func(_ *testing.T, data []byte) {
		m := machine{code: data}
		if _, err := m.run(); err == nil {
			for _, s := range m.order {
				if s.bytes() < 1<<20 {
					s.data = make([]byte, s.bytes())
				}
			}
			_ = m.fill() // it may say that a storage is too short
		}
	})
}

//go:build cgo

package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"darkroom/render/golden/goldentest"
)

// hostileFile is a file that somebody made to do harm, or that a program damaged.
type hostileFile struct {
	place string // the folder below the models folder
	ext   string
	data  []byte
	want  string // in what is said about it
	late  bool   // only its content tells, so a look at its header lets it pass
}

// st is a file of safetensors with a header and data.
func st(header string, data ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

// loraOf is a LoRA of one layer of the demo model's text encoder, of 128 numbers in and 512 out.
func loraOf(down, up [2]int, alpha float32) []byte {
	const layer = "lora_te_text_model_encoder_layers_0_mlp_fc1"
	a, b := 4*down[0]*down[1], 4*up[0]*up[1]
	header := fmt.Sprintf(`{"%[1]s.alpha":{"dtype":"F32","shape":[],"data_offsets":[0,4]},`+
		`"%[1]s.lora_down.weight":{"dtype":"F32","shape":[%[2]d,%[3]d],"data_offsets":[4,%[6]d]},`+
		`"%[1]s.lora_up.weight":{"dtype":"F32","shape":[%[4]d,%[5]d],"data_offsets":[%[6]d,%[7]d]}}`,
		layer, down[0], down[1], up[0], up[1], 4+a, 4+a+b)
	data := binary.LittleEndian.AppendUint32(nil, math.Float32bits(alpha))
	return st(header, append(data, make([]byte, a+b)...)...)
}

// manyKeys is a header of so many empty tensors.
func manyKeys(n int, name string) []byte {
	var h bytes.Buffer
	h.WriteByte('{')
	for i := range n {
		if i > 0 {
			h.WriteByte(',')
		}
		fmt.Fprintf(&h, name+`:{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i)
	}
	h.WriteByte('}')
	return st(h.String())
}

// torchZip is an archive of torch.save with a pickle and one storage.
func torchZip(t *testing.T, pickle string, storage io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 9) })
	for name, content := range map[string]io.Reader{
		"archive/data.pkl":                      strings.NewReader(pickle),
		"archive/data/../../../../etc/cron.d/x": cmp.Or(storage, io.Reader(strings.NewReader(""))),
	} {
		method := zip.Store // as torch.save has it
		if storage != nil {
			method = zip.Deflate
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = io.Copy(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hugePNG says that it has a billion pixels.
func hugePNG() []byte {
	chunk := func(kind string, body []byte) []byte {
		out := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
		out = append(out, body...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 1<<15), 1<<15)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 2, 0, 0, 0))...)
}

func hostileFiles(t *testing.T) map[string]hostileFile {
	t.Helper()
	const long = 1 << 20
	xs := strings.Repeat("x", long)
	lora := func(want, header string, data ...byte) hostileFile {
		return hostileFile{"loras", ".safetensors", st(header, data...), want, false}
	}
	one := func(dtype, shape, offsets string) string {
		const key = "lora_unet_x.lora_down.weight"
		return fmt.Sprintf(`{"%s":{"dtype":"%s","shape":%s,"data_offsets":%s}}`, key, dtype, shape, offsets)
	}
	called := func(name string) string {
		return `{"` + name + `":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`
	}
	of := func(r int, in int, alpha float64, want string) hostileFile {
		return hostileFile{"loras", ".safetensors", loraOf([2]int{r, in}, [2]int{512, r}, float32(alpha)), want, true}
	}
	checkpoint := func(want string, data []byte) hostileFile {
		return hostileFile{"", ".safetensors", data, want, false}
	}
	embedding := func(want, ext string, data []byte) hostileFile {
		return hostileFile{"embeddings", ext, data, want, false}
	}
	const layer, unet = `"lora_unet_x%d.lora_down.weight"`, `"model.diffusion_model.input_blocks.%d.0.weight"`
	four, eight := make([]byte, 4), make([]byte, 8)
	return map[string]hostileFile{
		"overlapping": lora("overlap", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},`+
			`"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, four...),
		"huge":             lora("in 0 bytes", one("F32", "[4611686018427387904,4]", "[0,0]")),
		"negative":         lora("whole number", one("F32", "[1]", "[-4,0]"), four...),
		"lying":            checkpoint("cut short", st(one("F32", "[2]", "[0,8]"), four...)),
		"a header bomb":    checkpoint("at most", st("{}"+strings.Repeat(" ", 26_000_000))),
		"many layers":      checkpoint("shape", manyKeys(20_000, unet)),
		"too many tensors": lora("more than", string(manyKeys(50_001, layer)[8:])),
		"many modules":     {"loras", ".safetensors", manyKeys(20_000, layer), "", true},
		"a long name":      lora("gap", called(xs), eight...),
		"a long type":      lora("unknown", one(xs, "[1]", "[0,4]"), four...),
		"a long number":    lora("whole number", one("F32", "["+strings.Repeat("9", long)+"]", "[0,4]"), four...),
		"a long field":     lora("each once", `{"a":{"`+xs+`":1}}`),
		"long metadata":    lora("one text", `{"__metadata__":{"`+xs+`":1}}`),
		"a name of lines":  lora("gap", called(`a\n\n\u001b[2J`), eight...),
		"a path as a key":  lora("", strings.Replace(called("../../../etc/passwd"), "[4,8]", "[0,4]", 1), four...),
		"rank 0":           of(0, 128, 1, ""),
		"rank 5000":        of(5000, 128, 1, "the rank"),
		"alpha NaN":        of(4, 128, math.NaN(), ""),
		"alpha Inf":        of(4, 128, math.Inf(1), ""),
		"other shapes":     of(4, 100, 1, "does not fit"),
		"a pickle": embedding("wants to call", ".pt",
			torchZip(t, "cposix\nsystem\n(X\x02\x00\x00\x00lstR.", nil)),
		"a zip bomb": embedding("", ".pt",
			torchZip(t, strings.Repeat("}", 65<<20)+".", io.LimitReader(zeroReader{}, 256<<20))),
		"a huge picture": embedding("pixels", ".png", hugePNG()),
		"an old pickle":  {"", ".ckpt", []byte("\x80\x02cposix\nsystem\n."), "pickle", false},
	}
}

// zeroReader reads zeros for ever.
type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestHostileFiles: every command says in one short line why it does not take a file, within seconds.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	for name, f := range hostileFiles(t) {
		t.Run(name, func(t *testing.T) {
			models, downloads := t.TempDir(), t.TempDir()
			path, download := filepath.Join(models, f.place, "bad"+f.ext), filepath.Join(downloads, "bad"+f.ext)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{path, download} {
				if err := os.WriteFile(p, f.data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			as := map[string]string{"loras": "lora", "embeddings": "embedding", "": "checkpoint"}[f.place]
			wholeTells := !f.late || strings.HasPrefix(name, "alpha")
			f.check(t, false, "models", "list", "--models", models)
			f.check(t, wholeTells, "models", "check", "bad", "--models", models)
			f.check(t, wholeTells, "models", "import", "--as", as, "--models", t.TempDir(), download)
			if f.place == "loras" {
				f.check(t, true, "draw", "a boat <lora:bad>", "--models", models, "--steps", "1", "--out", downloads)
			}
		})
	}
}

// check runs a command that meets the file, and must not take it if refuses says so.
func (f hostileFile) check(t *testing.T, refuses bool, args ...string) {
	t.Helper()
	const long, much = 700, 20 * time.Second // of a line, and of a time on a busy machine
	began := time.Now()
	code, out, errs := call(t, args...)
	took := time.Since(began)
	for line := range strings.Lines(out + errs) {
		if len(line) > long || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\x1b\r") {
			t.Errorf("%s: a line of %d bytes: %.100q", args, len(line), line)
		}
	}
	if refuses && (code != exitFailure || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, f.want)) {
		t.Errorf("%s: got %d, %.700q, want one line with %q", args, code, errs, f.want)
	}
	if took > much {
		t.Errorf("%s took %v", args, took)
	}
}

// TestPipesBesideFiles: whoever opens a pipe waits for its writer, so settings that are pipes are not opened.
func TestPipesBesideFiles(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	place := func(from, to string) string {
		path := filepath.Join(models, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(from, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	boats := place(goldentest.Checkpoint(t, goldentest.CheckpointSD1), "boats.safetensors")
	lora := place(goldentest.Checkpoint(t, goldentest.LoRASD1A), "loras/ink/adapter_model.safetensors")
	dir := place(goldentest.Model(t, goldentest.SD1), "folder")
	for _, pipe := range []string{
		strings.TrimSuffix(boats, ".safetensors") + ".json", strings.TrimSuffix(boats, ".safetensors") + ".civitai.info",
		filepath.Join(filepath.Dir(lora), "adapter_config.json"), filepath.Join(dir, "darkroom.json"),
	} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Skip(err)
		}
	}
	done := make(chan string, 1)
	go func() {
		_, out, errs := call(t, "models", "list", "--models", models)
		done <- out + errs
	}()
	select {
	case said := <-done:
		for _, want := range []string{"boats.json", "adapter_config.json", "darkroom.json"} {
			if !strings.Contains(said, want) {
				t.Errorf("want %s named in %q", want, said)
			}
		}
	case <-time.After(testTimeout):
		t.Fatal("it waits for a writer")
	}
}

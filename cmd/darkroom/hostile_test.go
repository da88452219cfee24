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
	"testing"
	"time"
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
		"archive/data.pkl": strings.NewReader(pickle), "archive/data/../../../../etc/cron.d/x": cmp.Or(storage, io.Reader(strings.NewReader(""))),
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
	long := strings.Repeat("x", 1<<20)
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"lora_unet_x.lora_down.weight":{"dtype":"%s","shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	zeros := io.LimitReader(zeroReader{}, 256<<20)
	nan := float32(math.NaN())
	return map[string]hostileFile{
		"overlapping":             {"loras", ".safetensors", st(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "overlap", false},
		"huge":                    {"loras", ".safetensors", st(one("F32", "[4611686018427387904,4]", "[0,0]")), "in 0 bytes", false},
		"negative":                {"loras", ".safetensors", st(one("F32", "[1]", "[-4,0]"), 0, 0, 0, 0), "whole number", false},
		"lying":                   {"", ".safetensors", st(one("F32", "[2]", "[0,8]"), 0, 0, 0, 0), "cut short", false},
		"header bomb":             {"", ".safetensors", st("{}" + strings.Repeat(" ", 26_000_000)), "at most", false},
		"long name":               {"loras", ".safetensors", st(fmt.Sprintf(`{"%s":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, long), 0, 0, 0, 0, 0, 0, 0, 0), "gap", false},
		"long type":               {"loras", ".safetensors", st(one(long, "[1]", "[0,4]"), 0, 0, 0, 0), "unknown", false},
		"long number":             {"loras", ".safetensors", st(one("F32", "["+strings.Repeat("9", 1<<20)+"]", "[0,4]"), 0, 0, 0, 0), "whole number", false},
		"long field":              {"loras", ".safetensors", st(`{"a":{"` + long + `":1}}`), "each once", false},
		"long metadata":           {"loras", ".safetensors", st(`{"__metadata__":{"` + long + `":1}}`), "one text", false},
		"name of lines":           {"loras", ".safetensors", st(`{"a\n\n\u001b[2J":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0), "gap", false},
		"path as a key":           {"loras", ".safetensors", st(`{"../../../etc/passwd":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "", false},
		"checkpoint keys":         {"", ".safetensors", manyKeys(20_000, `"model.diffusion_model.input_blocks.%d.0.weight"`), "shape", false},
		"a hundred thousand keys": {"loras", ".safetensors", manyKeys(50_001, `"lora_unet_x%d.lora_down.weight"`), "more than", false},
		"many keys":               {"loras", ".safetensors", manyKeys(20_000, `"lora_unet_x%d.lora_down.weight"`), "", true},
		"rank 0":                  {"loras", ".safetensors", loraOf([2]int{0, 128}, [2]int{512, 0}, 1), "", true},
		"rank 5000":             {"loras", ".safetensors", loraOf([2]int{5000, 128}, [2]int{512, 5000}, 1), "the rank", true},
		"alpha NaN":               {"loras", ".safetensors", loraOf([2]int{4, 128}, [2]int{512, 4}, nan), "", true},
		"alpha Inf":               {"loras", ".safetensors", loraOf([2]int{4, 128}, [2]int{512, 4}, float32(math.Inf(1))), "", true},
		"other shapes":            {"loras", ".safetensors", loraOf([2]int{4, 100}, [2]int{512, 4}, 1), "does not fit", true},
		"pickle":                  {"embeddings", ".pt", torchZip(t, "cposix\nsystem\n(X\x02\x00\x00\x00lstR.", nil), "wants to call", false},
		"zip bomb":                {"embeddings", ".pt", torchZip(t, strings.Repeat("}", 65<<20)+".", zeros), "", false},
		"huge picture":            {"embeddings", ".png", hugePNG(), "pixels", false},
		"old pickle":              {"", ".ckpt", []byte("\x80\x02cposix\nsystem\n."), "pickle", false},
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
			path := filepath.Join(models, f.place, "bad"+f.ext)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			download := filepath.Join(downloads, "bad"+f.ext)
			for _, p := range []string{path, download} {
				if err := os.WriteFile(p, f.data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			as := map[string]string{"loras": "lora", "embeddings": "embedding", "": "checkpoint"}[f.place]
			check := func(command string, mustFail bool, args ...string) {
				t.Helper()
				began := time.Now()
				code, out, errs := call(t, args...)
				took := time.Since(began)
				said := errs
				if command == "list" {
					said = out + errs
				}
				for line := range strings.Lines(said) {
					if len(line) > 700 || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\x1b\r") {
						t.Errorf("%s: a line of %d bytes: %.100q", command, len(line), line)
					}
				}
				if mustFail && (code != exitFailure || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, f.want)) {
					t.Errorf("%s: got %d, %.700q, want one line with %q", command, code, errs, f.want)
				}
				if took > 20*time.Second {
					t.Errorf("%s took %v", command, took)
				}
				t.Logf("%s: %v: %.300s", command, took.Round(time.Millisecond), said)
			}
			check("list", false, "models", "list", "--models", models)
			check("check", !f.late || strings.HasPrefix(name, "alpha"), "models", "check", "bad", "--models", models)
			check("import", !f.late || strings.HasPrefix(name, "alpha"), "models", "import", "--as", as, "--models", t.TempDir(), download)
			if f.place == "loras" {
				check("draw", true, "draw", "a boat <lora:bad:1>", "--models", models, "--steps", "1", "--out", downloads)
			}
		})
	}
}

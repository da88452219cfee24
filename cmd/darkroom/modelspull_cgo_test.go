//go:build cgo

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/render/golden/goldentest"
	"darkroom/render/hub/hubtest"
)

// pull is one call of `darkroom models pull` against a hub of the test's own.
type pull struct {
	hub    *hubtest.Server
	models string
	token  string
	stdin  io.Reader
	ctx    context.Context
}

func newPull(t *testing.T) pull {
	t.Helper()
	needRuntime(t)
	return pull{hub: hubtest.New(t), models: filepath.Join(t.TempDir(), "models"), ctx: t.Context()}
}

// run runs the command and checks what every end of it has in common: one line of error, or none, and no secret.
func (p pull) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(p.ctx, environment{
		args: append([]string{"models", "pull", "--hub", p.hub.URL, "--models", p.models}, args...),
		getenv: func(name string) string {
			if name == "HF_TOKEN" {
				return p.token
			}
			return ""
		},
		environ: programEnv(), stdin: p.stdin, stdout: &out, stderr: &errs, transport: p.hub.Transport(),
		wait: func(context.Context, time.Duration) error { return nil },
	})
	if lines := strings.Count(errs.String(), "\n"); (code == exitOK) != (lines == 0) || lines > 1 {
		t.Errorf("got %d with %q, want one line of error or none", code, errs.String())
	}
	for _, text := range []string{out.String(), errs.String()} {
		if strings.Contains(text, "geheim") || p.token != "" && strings.Contains(text, p.token) {
			t.Errorf("a secret shows in %q", text)
		}
	}
	return code, out.String(), errs.String()
}

// has lists what lies below the models folder: what a renderer would look at, or what is hidden.
func (p pull) has(t *testing.T, hidden bool) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(p.models, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		rel, _ := filepath.Rel(p.models, path)
		if err == nil && !d.IsDir() && strings.HasPrefix(rel, ".") == hidden {
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// addONNX puts a tiny pipeline of ONNX files on the hub, with what nobody needs beside it. It returns their folder.
func (p pull) addONNX(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = goldentest.Model(t, goldentest.SD1)
	for _, extra := range []string{"README.md", "unet/flax_model.msgpack", "safety_checker/model.onnx", "sd.ckpt"} {
		path := filepath.Join(dir, extra)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("nobody needs this"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.hub.AddFolder(t, name, dir, map[string]any{"license": "openrail"})
	return dir
}

func TestPullAndDraw(t *testing.T) {
	t.Parallel()
	p := newPull(t)
	p.hub.Page = 3
	p.addONNX(t, "me/boats")
	p.stdin = strings.NewReader("y\n")
	code, out, errs := p.run(t, "me/boats")
	if code != exitOK {
		t.Fatal(errs)
	}
	for _, want := range []string{
		"licence: openrail\n", "into " + p.models + "/boats\n", "boats: good. ", "boats: in place\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("got %q, want %q in it", out, want)
		}
	}
	have := p.has(t, false)
	if !slices.Contains(have, "boats/unet/model.onnx") || slices.ContainsFunc(have, func(name string) bool {
		return strings.Contains(name, "flax") || strings.Contains(name, "safety") || strings.Contains(name, "README")
	}) {
		t.Errorf("there lie %q, want the parts of a pipeline alone", have)
	}
	if hidden := p.has(t, true); len(hidden) > 0 {
		t.Errorf("there remain %q, want nothing", hidden)
	}
	image := filepath.Join(t.TempDir(), "boat.png")
	code, _, errs = call(
		t,
		"draw",
		"a red boat",
		"--models",
		p.models,
		"--model",
		"boats",
		"--steps",
		"1",
		"--out",
		image,
	)
	if info, err := os.Stat(image); code != exitOK || err != nil || info.Size() == 0 {
		t.Errorf("draw: got %d, %q, %v, want an image", code, errs, err)
	}
	before := len(p.hub.Requests())
	code, out, _ = p.run(t, "me/boats")
	if code != exitOK || !strings.Contains(out, "boats: it is here already, and whole") {
		t.Errorf("again: got %d, %q", code, out)
	}
	for _, r := range p.hub.Requests()[before:] {
		if r.CDN {
			t.Errorf("again: %+v, want no file", r)
		}
	}
	if err := os.WriteFile(filepath.Join(p.models, "boats/model_index.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, errs = p.run(t, "me/boats", "--yes")
	if code != exitFailure || !strings.Contains(errs, "boats is there already") {
		t.Errorf("over another folder: got %d, %q", code, errs)
	}
	code, out, errs = p.run(t, "me/boats", "--yes", "--name", "ships")
	if code != exitOK || !strings.Contains(out, "ships: good") {
		t.Errorf("under another name: got %d, %q, %q", code, out, errs)
	}
}

// A checkpoint comes as a file that is called like every other, with a token, and is drawn with.
func TestPullACheckpoint(t *testing.T) {
	t.Parallel()
	p := newPull(t)
	p.token = "hf_0123456789abcdefghij"
	path := goldentest.Checkpoint(t, goldentest.CheckpointE4M3)
	if err := os.Rename(path, filepath.Join(filepath.Dir(path), "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	p.hub.AddFolder(t, "me/tiny-sd", filepath.Dir(path), nil)
	code, out, errs := p.run(t, "me/tiny-sd", "--yes")
	if code != exitOK || !strings.Contains(out, "licence: none stated\nmodel.safetensors, ") ||
		!strings.Contains(out, "tiny-sd.safetensors: Stable Diffusion 1") {
		t.Fatalf("got %d, %q, %q", code, out, errs)
	}
	if have := p.has(t, false); !slices.Equal(have, []string{"tiny-sd.safetensors"}) {
		t.Errorf("there lie %q, want tiny-sd.safetensors", have)
	}
	image := filepath.Join(t.TempDir(), "boat.png")
	code, _, errs = call(t, "draw", "a red boat", "--models", p.models, "--model", "tiny-sd", "--steps", "1",
		"--size", "64x64", "--out", image)
	if info, err := os.Stat(image); code != exitOK || err != nil || info.Size() == 0 {
		t.Errorf("draw: got %d, %q, %v, want an image", code, errs, err)
	}
	for _, r := range p.hub.Requests() {
		if want := "Bearer " + p.token; (r.Token == want) == r.CDN {
			t.Errorf("%+v: want the token at the hub, and only there", r)
		}
	}
}

func TestPullAnAddon(t *testing.T) {
	t.Parallel()
	p := newPull(t)
	data := readFile(t, goldentest.Checkpoint(t, "lora-sd1-a"))
	p.hub.Add("me/loras", hubtest.Model{Files: map[string][]byte{
		"glass.safetensors": data, "v2/pytorch_lora_weights.safetensors": data, "old.ckpt": data, "strange.bin": data,
	}})
	code, out, errs := p.run(t, "me/loras", "--yes")
	if code != exitOK || !strings.Contains(out, "loras/glass.safetensors: LoRA") {
		t.Errorf("got %d, %q, %q", code, out, errs)
	}
	if code, out, _ := p.run(t, "me/loras/v2/pytorch_lora_weights.safetensors", "--yes"); code != exitOK ||
		!strings.Contains(out, "glass.safetensors: it is here already") {
		t.Errorf("the same content: got %d, %q", code, out)
	}
	for name, want := range map[string]string{
		"old.ckpt": "old.ckpt: a pickle", "strange.bin": "say with --as", "none.safetensors": "has no file none.safetensors",
	} {
		if code, _, errs := p.run(t, "me/loras/"+name, "--yes"); code != exitFailure || !strings.Contains(errs, want) {
			t.Errorf("%s: got %d, %q, want %q", name, code, errs, want)
		}
	}
	if have := append(p.has(t, false), p.has(t, true)...); !slices.Equal(have, []string{"loras/glass.safetensors"}) {
		t.Errorf("there lie %q, want one LoRA", have)
	}
}

// Without a yes nothing is fetched.
func TestPullAsks(t *testing.T) {
	t.Parallel()
	p := newPull(t)
	p.addONNX(t, "me/boats")
	for answer, stdin := range map[string]io.Reader{"no": strings.NewReader("n\n"), "nothing": nil} {
		p.stdin = stdin
		code, out, errs := p.run(t, "me/boats")
		if code != exitFailure || !strings.HasSuffix(out, "Fetch? [y/N] ") ||
			!strings.Contains(errs, "nothing was fetched; --yes") {
			t.Errorf("%s: got %d, %q, %q", answer, code, out, errs)
		}
	}
	if have := p.has(t, true); len(have) > 0 {
		t.Errorf("there lie %q, want nothing", have)
	}
}

// onUnet answers requests for the UNet at the CDN.
func onUnet(answer func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "unet/model.onnx") && r.URL.RawQuery != "" {
			answer(w, r)
		}
	}
}

// Whatever a hub does, no half model appears, one line says what happened, and the next try succeeds.
func TestPullFromABadHub(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	half := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", "1000000")
		w.WriteHeader(http.StatusOK)
		w.Write(make([]byte, 5000))
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"404": {onUnet(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
		}), "there is no such file (404)"},
		"429": {onUnet(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(http.StatusTooManyRequests)
		}), "too many requests (429); try again in 24h0m0s"},
		"another size": {onUnet(half), "the server has a file of 1000000 bytes, want"},
		"an endless body": {onUnet(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}), "arrive; the server sends another file"},
		"a wrong hash": {onUnet(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.Replace(r.URL.Path, "unet", "vae_decoder", 1)
		}), "bytes, want"},
		"plain http": {onUnet(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/x?geheim", http.StatusFound)
		}), "only https is allowed"},
		"a name that leads out": {func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/tree/") {
				fmt.Fprint(w, `[{"type":"file","path":"../../evil","size":1,"oid":"`+hubtest.Blob(nil)+`"}]`)
			}
		}, `the name "../../evil", which is not safe; nothing is fetched`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPull(t)
			p.addONNX(t, "me/boats")
			p.hub.Intercept(c.answer)
			if code, _, errs := p.run(t, "me/boats", "--yes"); code != exitFailure || !strings.Contains(errs, c.says) {
				t.Errorf("got %d, %q, want %q", code, errs, c.says)
			}
			if have := p.has(t, false); len(have) > 0 {
				t.Errorf("there lie %q, want nothing", have)
			}
			p.hub.Intercept(nil)
			if code, _, errs := p.run(t, "me/boats", "--yes"); code != exitOK {
				t.Errorf("after that: %q", errs)
			}
		})
	}
}

// A body without a Content-Length that ends too early, by a break or as if it were whole, is kept as a beginning.
func TestPullOfAChunkedBody(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	for name, breaks := range map[string]bool{"broken off": true, "ended": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPull(t)
			begun := readFile(t, filepath.Join(p.addONNX(t, "me/boats"), "unet/model.onnx"))[:5000]
			p.hub.Intercept(onUnet(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" { // the further tries of this pull
					panic(http.ErrAbortHandler)
				}
				w.Write(begun)
				w.(http.Flusher).Flush() // from now on in chunks
				if breaks {
					panic(http.ErrAbortHandler)
				}
			}))
			code, _, errs := p.run(t, "me/boats", "--yes")
			if code != exitFailure || !strings.Contains(errs, "; the same command goes on from there") {
				t.Errorf("got %d, %q", code, errs)
			}
			if have := p.has(t, false); len(have) > 0 {
				t.Errorf("there lie %q, want nothing", have)
			}
			before := len(p.hub.Requests())
			p.hub.Intercept(nil)
			if code, _, errs := p.run(t, "me/boats", "--yes"); code != exitOK {
				t.Errorf("after that: %q", errs)
			}
			goesOn := func(r hubtest.Request) bool { return r.Range == "bytes=5000-" }
			if !slices.ContainsFunc(p.hub.Requests()[before:], goesOn) {
				t.Error("the file was fetched from its beginning, want the rest alone")
			}
		})
	}
}

// A hub that has another model_index.json in the middle of a pull gives no model of two revisions.
func TestPullOfMixedRevisions(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	for at, says := range []string{
		"model_index.json is not the file that the hub lists", // when it is read, to know which files to fetch
		"the file's hash is ", // when it is fetched
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			p := newPull(t)
			index := readFile(t, filepath.Join(p.addONNX(t, "me/boats"), "model_index.json"))
			other := bytes.Replace(index, []byte("{\n"), []byte("{ "), 1) // as good and as long
			if bytes.Equal(other, index) {
				t.Fatalf("%q has no such line", index)
			}
			var asked atomic.Int64
			p.hub.Intercept(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/model_index.json") && asked.Add(1) == int64(at)+1 {
					w.Write(other)
				}
			})
			if code, _, errs := p.run(t, "me/boats", "--yes"); code != exitFailure || !strings.Contains(errs, says) {
				t.Errorf("got %d, %q, want %q", code, errs, says)
			}
			if have := p.has(t, false); len(have) > 0 {
				t.Errorf("there lie %q, want nothing", have)
			}
			if code, _, errs := p.run(t, "me/boats", "--yes"); code != exitOK {
				t.Errorf("after that: %q", errs)
			}
			if got := readFile(t, filepath.Join(p.models, "boats/model_index.json")); !bytes.Equal(got, index) {
				t.Errorf("got %q, want the listed one", got)
			}
		})
	}
}

// A pull that was stopped goes on where it was.
func TestPullGoesOn(t *testing.T) {
	t.Parallel()
	p := newPull(t)
	p.addONNX(t, "me/boats")
	ctx, stop := context.WithCancel(t.Context())
	p.ctx = ctx
	p.hub.Intercept(onUnet(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Write(make([]byte, 4096))
		w.(http.Flusher).Flush()
		stop()
		<-r.Context().Done()
	}))
	code, _, errs := p.run(t, "me/boats", "--yes")
	if code != exitFailure || !strings.Contains(errs, "stopped; what has come is kept, and the same command goes on") {
		t.Errorf("got %d, %q", code, errs)
	}
	before := len(p.hub.Requests())
	p.ctx = t.Context()
	p.hub.Intercept(nil)
	if code, _, errs := p.run(t, "me/boats", "--yes"); code != exitOK {
		t.Fatal(errs)
	}
	for _, r := range p.hub.Requests()[before:] {
		if strings.Contains(r.Path, "text_encoder/model.onnx") {
			t.Errorf("%+v: that file had come already", r)
		}
	}
}

// A model that came well and cannot be used does not stay.
func TestPullRefuses(t *testing.T) {
	t.Parallel()
	p := newPull(t)
	dir := goldentest.Model(t, goldentest.SD1)
	if err := os.Truncate(filepath.Join(dir, "unet/model.onnx"), 1000); err != nil {
		t.Fatal(err)
	}
	p.hub.AddFolder(t, "me/damaged", dir, nil)
	lora := goldentest.Checkpoint(t, "lora-sd1-a")
	damage(t, lora)
	p.hub.Add("me/lora", hubtest.Model{Files: map[string][]byte{"a.safetensors": readFile(t, lora)}})
	for name, want := range map[string]string{
		"me/damaged": "what was fetched cannot be used, and was removed: ", "me/lora": "is damaged",
	} {
		if code, _, errs := p.run(t, name, "--yes"); code != exitFailure || !strings.Contains(errs, want) {
			t.Errorf("got %d, %q, want %q", code, errs, want)
		}
	}
	p.hub.Add("me/flux", hubtest.Model{Files: map[string][]byte{
		"model_index.json": []byte(`{"_class_name":"FluxPipeline"}`), "transformer/model.safetensors": []byte("x"),
	}})
	before := len(p.hub.Requests())
	if code, _, errs := p.run(t, "me/flux", "--yes"); code != exitFailure || !strings.Contains(errs, "a Flux model") {
		t.Errorf("another family: got %d, %q", code, errs)
	}
	for _, r := range p.hub.Requests()[before:] {
		if r.CDN {
			t.Errorf("another family: %+v, want nothing large", r)
		}
	}
	if have := append(p.has(t, false), p.has(t, true)...); len(have) > 0 {
		t.Errorf("there lie %q, want nothing", have)
	}
	if code, _, errs := p.run(t, "boats"); code != exitFailure ||
		!strings.Contains(errs, `"boats": no name of a model`) {
		t.Errorf("no name: got %d, %q", code, errs)
	}
}

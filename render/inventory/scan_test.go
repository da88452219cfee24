package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write writes files below a folder; each holds its own path.
func write(t testing.TB, dir string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		writeText(t, filepath.Join(dir, path), path)
	}
}

func writeText(t testing.TB, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// describe lists items as "kind name".
func describe(items []Item) (all []string) {
	for _, i := range items {
		all = append(all, string(i.Kind)+" "+i.Name)
	}
	slices.Sort(all)
	return all
}

// wantScan checks what a scan finds, and that each fault has one of the texts.
func wantScan(t *testing.T, root string, want []string, faults ...string) {
	t.Helper()
	items, got := Scan(root)
	slices.Sort(want)
	if d := describe(items); !slices.Equal(d, want) {
		t.Errorf("got the items\n%q, want\n%q", d, want)
	}
	if len(got) != len(faults) {
		t.Fatalf("got the faults %v, want %d", got, len(faults))
	}
	for _, f := range faults {
		if !strings.Contains(fmt.Sprint(got), f) {
			t.Errorf("got the faults %v, want one with %q", got, f)
		}
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	t.Run("our own folders", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, dir, "xl.safetensors", "downloads/v1-5.safetensors", "harbour/model_index.json",
			"broken/unet/model.onnx", "mine/bay/model_index.json", "mine/.old/model_index.json",
			"loras/a.safetensors", "loras/style/deep/er/b.safetensors", "embeddings/kite.png", "embeddings/old.pt",
			"embeddings/shown.safetensors", "embeddings/shown.png", "embeddings/shown.preview.png",
			"hypernetworks/sepia.pt", "vae/ft.safetensors", "upscalers/x4.onnx", "upscalers/esr/model.onnx",
			"xl.json", "xl.civitai.info", "xl.preview.png", "README.md", ".DS_Store", "._xl.safetensors",
			"loras/._a.safetensors",
			"loras/.cache/c.safetensors", "loras/readme.txt", "checkpoints/sub/deep.safetensors", "xl.vae.safetensors")
		wantScan(t, dir, []string{"checkpoint xl", "checkpoint v1-5", "folder harbour", "folder broken", "folder bay",
			"lora a", "lora b",
			"embedding kite", "embedding old", "embedding shown", "hypernet sepia", "vae ft", "upscaler x4", "upscaler esr",
			"checkpoint deep", "vae xl.vae"})
	})
	t.Run("A1111's installation, its root and its models", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, dir, "models/Stable-diffusion/anime/x.safetensors", "models/Lora/a.safetensors",
			"models/LyCORIS/b.safetensors",
			"models/VAE/v.safetensors", "models/hypernetworks/h.pt", "embeddings/e.pt", "models/ESRGAN/u.pth",
			"models/VAE-approx/model.pt", "models/Codeformer/c.pth", "extensions/some/x.safetensors", "scripts/x.py",
			"webui.py",
			"outputs/x.png")
		inModels := []string{"checkpoint x", "lora a", "lora b", "vae v", "hypernet h"}
		wantScan(t, filepath.Join(dir, "models"), inModels, "u.pth\": a pickle")
		wantScan(t, dir, append(inModels, "embedding e"), "u.pth\": a pickle")
	})
	t.Run("ComfyUI's installation, its root and its models", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, dir, "models/checkpoints/x.safetensors", "models/loras/a.safetensors", "models/embeddings/e.safetensors",
			"models/vae/v.safetensors", "models/hypernetworks/h.pt", "models/upscale_models/u.safetensors",
			"models/diffusers/some/model_index.json", "models/unet/put_unet_files_here", "models/clip/t5.safetensors",
			"models/checkpoints/put_checkpoints_here", "custom_nodes/x/y.safetensors", "main.py")
		want := []string{"checkpoint x", "lora a", "embedding e", "vae v", "hypernet h", "upscaler u", "folder some"}
		wantScan(t, filepath.Join(dir, "models"), want)
		wantScan(t, dir, want)
	})
	t.Run("pickles and other formats are told", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, dir, "old.CKPT", "checkpoints/flux.gguf", "unet.onnx", "loras/l.pt", "vae/v.pt")
		wantScan(t, dir, nil, "old.CKPT\": a pickle", "flux.gguf\": a quantised", "unet.onnx\": a single network",
			"l.pt\": a pickle", "v.pt\": a pickle")
	})
	t.Run("a directory that is not there, and one that is a file", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		write(t, dir, "file")
		wantScan(t, filepath.Join(dir, "none"), nil)
		wantScan(t, filepath.Join(dir, "file"), nil, "list models")
	})
}

func TestScanOfLinks(t *testing.T) {
	t.Parallel()
	dir, away := t.TempDir(), t.TempDir()
	write(t, dir, "loras/a.safetensors")
	write(t, away, "b.safetensors", "style/c.safetensors", "xl.safetensors")
	for name, target := range map[string]string{
		"loras/self": filepath.Join(dir, "loras"), "loras/up": dir, "loras/away": away, "loras/again": away,
		"loras/nothing.safetensors": filepath.Join(away, "none"), "loras/circle": filepath.Join(dir, "loras", "circle"),
		"linked.safetensors": filepath.Join(away, "xl.safetensors"), "Lora": filepath.Join(dir, "loras"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	wantScan(t, dir, []string{"checkpoint linked", "lora a", "lora b", "lora c", "lora xl"},
		"a link to nothing", "circle")
}

func TestScanOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "loras/a.safetensors", "loras/locked/b.safetensors", "loras/new\nline.safetensors",
		"loras/\xff.safetensors",
		"loras/\u202egnp.safetensors")
	locked := filepath.Join(dir, "loras", "locked")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(locked, 0o700) })
	want, faults := []string{"lora a"}, []string{"cannot be shown", `new\nline`, `\xff`}
	if os.Getuid() == 0 { // root reads everything
		want = append(want, "lora b")
	} else {
		faults = append(faults, "locked")
	}
	wantScan(t, dir, want, faults...)
}

func TestScanIsBounded(t *testing.T) {
	t.Parallel()
	s := &scan{seen: map[string]bool{}, entries: maxEntries - 2}
	dir := t.TempDir()
	write(t, dir, "loras/a.safetensors", "loras/b.safetensors", "loras/c.safetensors", "loras/d.safetensors")
	s.root(dir, dir)
	if len(s.items) != 1 || len(s.faults) != 1 || !strings.Contains(s.faults[0].Error(), "not looked at") {
		t.Errorf("got %q, %v, want one item and one fault", describe(s.items), s.faults)
	}
}

func TestScanOfAPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := makePipe(filepath.Join(dir, "x.safetensors")); err != nil {
		t.Skip(err)
	}
	wantScan(t, dir, nil)
}

func TestNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "loras/a.safetensors", "loras/x/a.safetensors", "loras/y/A.safetensors", "loras/foo/foo.safetensors",
		"loras/bar/pytorch_lora_weights.safetensors", "loras/deep/bar/pytorch_lora_weights.safetensors",
		"embeddings/e.pt", "embeddings/e.safetensors", "vae/a.safetensors", "m/model_index.json", "m.safetensors",
		"vae/f/diffusion_pytorch_model.safetensors")
	wantScan(t, dir, []string{"lora a", "lora x/a", "lora y/A", "lora foo", "lora bar", "lora deep/bar", "embedding e",
		"embedding e.safetensors", "vae a", "folder m", "checkpoint m.safetensors", "vae f"})
}

func TestMark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "m/model_index.json", "m/unet/a", "loras/a.safetensors", "loras/b.safetensors")
	marks := func() map[string]uint64 {
		items, _ := Scan(dir)
		all := map[string]uint64{}
		for _, i := range items {
			all[i.Name] = i.mark
		}
		return all
	}
	before := marks()
	if again := marks(); len(before) != 3 || fmt.Sprint(again) != fmt.Sprint(before) {
		t.Fatalf("got %v, then %v, want the same three marks", before, again)
	}
	for path, name := range map[string]string{
		"m/unet/a": "m", "m/unet/new": "m", "m/darkroom.json": "m", "loras/a.safetensors": "a", "loras/b.json": "b",
		"loras/b.civitai.info": "b",
	} {
		before := marks()
		writeText(t, filepath.Join(dir, path), "another text than before")
		for n, mark := range marks() {
			if changed := mark != before[n]; changed != (n == name) {
				t.Errorf("after a change of %s: mark of %s changed: %v", path, n, changed)
			}
		}
	}
}

// TestMarkWithAVAE: a VAE beside a checkpoint belongs to it.
func TestMarkWithAVAE(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "c.safetensors")
	alone, _ := Scan(dir)
	write(t, dir, "c.vae.safetensors")
	both, _ := Scan(dir)
	if both[0].Name != "c" || both[0].mark == alone[0].mark {
		t.Errorf("got %+v after %+v, want c changed", both, alone)
	}
}

// BenchmarkScan looks at a folder of 10,000 LoRAs.
func BenchmarkScan(b *testing.B) {
	dir := b.TempDir()
	for i := range 10_000 {
		write(b, dir, fmt.Sprintf("loras/%d/%d.safetensors", i%20, i))
	}
	for b.Loop() {
		if items, _ := Scan(dir); len(items) != 10_000 {
			b.Fatal(len(items))
		}
	}
}

package inventory

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/filehash"
)

func newCache() *filehash.Cache { return filehash.Open("") }

func TestPut(t *testing.T) {
	t.Parallel()
	downloads := t.TempDir()
	for how, name := range map[How]string{Share: "share", Move: "move", Link: "link"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			path := filepath.Join(downloads, name+".safetensors")
			write(t, downloads, name+".safetensors", name+".json", name+".preview.png")
			target, err := Put(root, path, LoRA, how)
			if err != nil || target != filepath.Join(root, "loras", name+".safetensors") {
				t.Fatalf("got %s, %v", target, err)
			}
			for _, ending := range []string{".safetensors", ".json", ".preview.png"} {
				got, err := os.ReadFile(filepath.Join(root, "loras", name+ending))
				if err != nil || string(got) != name+ending {
					t.Errorf("%s: got %q, %v", ending, got, err)
				}
			}
			_, err = os.Stat(path)
			info, lerr := os.Lstat(target)
			if (err != nil) != (how == Move) || lerr != nil || (info.Mode().Type() == os.ModeSymlink) != (how == Link) {
				t.Errorf("got the download %v, and %v in its place", err, info)
			}
			write(t, downloads, name+".safetensors")
			if _, err := Put(root, path, LoRA, how); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second time: got %v, want a refusal", err)
			}
		})
	}
}

func TestPutFindsThePlace(t *testing.T) {
	t.Parallel()
	for installation, want := range map[string]map[Kind]string{
		"": {
			Checkpoint: "x.safetensors", VAE: "vae/x.safetensors", Hypernetwork: "hypernetworks/x.safetensors",
		},
		"models/Stable-diffusion": {Checkpoint: "models/Stable-diffusion/x.safetensors"},
		"models/upscale_models":   {Upscaler: "models/upscale_models/x.safetensors"},
		"Lora":                    {LoRA: "Lora/x.safetensors", Embedding: "embeddings/x.safetensors"},
		"diffusers":               {Checkpoint: "x.safetensors"},
	} {
		for kind, path := range want {
			root, downloads := t.TempDir(), t.TempDir()
			write(t, downloads, "x.safetensors")
			if err := os.MkdirAll(filepath.Join(root, installation), 0o700); err != nil {
				t.Fatal(err)
			}
			got, err := Put(root, filepath.Join(downloads, "x.safetensors"), kind, Share)
			if err != nil || got != filepath.Join(root, path) {
				t.Errorf("%s with %q: got %s, %v, want %s", kind, installation, got, err, path)
			}
			items, _ := Scan(root)
			if len(items) != 1 || items[0].Kind != kind {
				t.Errorf("%s with %q: it is found as %q", kind, installation, describe(items))
			}
		}
	}
}

func TestPutRefusesPickles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "x.pt", "y.ckpt")
	for name, kind := range map[string]Kind{"x.pt": Checkpoint, "y.ckpt": LoRA} {
		got, err := Put(t.TempDir(), filepath.Join(dir, name), kind, Share)
		if err == nil || !strings.Contains(err.Error(), "pickle") {
			t.Errorf("%s as %s: got %s, %v", name, kind, got, err)
		}
	}
}

// TestCopyFile: a copy is whole or not there, and replaces nothing.
func TestCopyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "there")
	if err := copyFile(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "b")); string(got) != "a" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := copyFile(filepath.Join(dir, "none"), filepath.Join(dir, "c")); err == nil {
		t.Error("nothing to copy: want an error")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("got %v, %v, want no rests", entries, err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	root, away := t.TempDir(), t.TempDir()
	write(t, root, "loras/a.safetensors", "loras/a.json", "loras/a.preview.png", "loras/ab.safetensors",
		"m/model_index.json")
	write(t, away, "out.safetensors", "linked.safetensors", "deep/model_index.json")
	for name, target := range map[string]string{
		"loras/away": away, "loras/l.safetensors": filepath.Join(away, "linked.safetensors"),
		"deep": filepath.Join(away, "deep"),
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Skip(err)
		}
	}
	items, _ := Scan(root)
	remove := func(name string) error {
		t.Helper()
		i := slices.IndexFunc(items, func(i Item) bool { return i.Name == name })
		if i < 0 {
			t.Fatalf("no %s in %q", name, describe(items))
		}
		return Remove(root, items[i])
	}
	for _, name := range []string{"a", "m", "l", "deep"} {
		if err := remove(name); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := remove("out"); err == nil {
		t.Error("through a link to a folder outside: want a refusal")
	}
	left, _ := Scan(root)
	if got := describe(left); !slices.Equal(got, []string{"lora ab", "lora linked", "lora out"}) {
		t.Errorf("got %q left", got)
	}
	for _, path := range []string{"out.safetensors", "linked.safetensors", "deep/model_index.json"} {
		if _, err := os.Stat(filepath.Join(away, path)); err != nil {
			t.Errorf("outside: %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "loras", "a.json")); err == nil {
		t.Error("want what lies beside it gone, too")
	}
	for _, path := range []string{filepath.Join(away, "out.safetensors"), root, filepath.Join(root, "..", "x")} {
		if err := Remove(root, Item{Kind: LoRA, Path: path}); err == nil {
			t.Errorf("%s: want a refusal", path)
		}
	}
}

// TestPutTakesWhatBelongsToAFile: the VAE beside a checkpoint and its picture go with it, and are removed with it.
func TestPutTakesWhatBelongsToAFile(t *testing.T) {
	t.Parallel()
	root, downloads := t.TempDir(), t.TempDir()
	names := []string{"x.safetensors", "x.vae.safetensors", "x.png"}
	write(t, downloads, append(names, "xy.png")...)
	target, err := Put(root, filepath.Join(downloads, "x.safetensors"), Checkpoint, Move)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("%s was left behind: %v", name, err)
		}
	}
	if err := Remove(root, Item{Kind: Checkpoint, Path: target}); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("after the removal: got %v, %v, want nothing", left, err)
	}
	if left, err := os.ReadDir(downloads); err != nil || len(left) != 1 {
		t.Errorf("got the downloads %v, %v, want only the picture of another", left, err)
	}
	picture := Item{Kind: Embedding, Path: filepath.Join(downloads, "xy.png")}
	if got := picture.Files(); !slices.Equal(got, []string{picture.Path}) {
		t.Errorf("an embedding that is a picture: got %q, want it once", got)
	}
}

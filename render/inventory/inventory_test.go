package inventory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/logtest"
	"darkroom/render/request"
)

// openFake opens files whose first word is good; anything else is broken.
func openFake(i Item) (Opened, error) {
	path := i.Path
	if i.Kind == Folder {
		path = filepath.Join(path, "model_index.json")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Opened{}, err
	}
	if !strings.HasPrefix(string(data), "good") {
		return Opened{}, fmt.Errorf("%s: broken", i.Name)
	}
	if i.Kind.IsModel() {
		return openFakeModel(i, string(data))
	}
	return Opened{Addon: &request.AddonCard{Kind: string(i.Kind), Name: i.Name}}, nil
}

// openFakeModel opens a model. Where its text says so it takes the first VAE that is offered.
func openFakeModel(i Item, text string) (Opened, error) {
	m := &folder.Model{Name: i.Name, Dir: i.Path}
	if !strings.Contains(text, "without VAE") {
		return Opened{Model: m}, nil
	}
	if len(i.VAEs) == 0 {
		return Opened{ByVAEs: true}, fmt.Errorf("%s: no VAE", i.Name)
	}
	vae := i.VAEs[0]
	m.VAE = &vae
	for _, path := range []string{i.Path, vae.Path} {
		info, err := os.Stat(path)
		if err != nil {
			return Opened{}, err
		}
		m.Files = append(m.Files, filehash.File{Path: path, Stamp: filehash.StampOf(info)})
	}
	return Opened{Model: m, ByVAEs: true}, nil
}

func newInventory(dir string) (*Inventory, *logtest.Buffer) {
	log := &logtest.Buffer{}
	return New(Options{
		Root: dir, Open: openFake, Cache: filehash.Open(""), Log: slog.New(slog.NewTextHandler(log, nil)),
	}), log
}

// good writes files that can be opened, each of another content.
func good(t testing.TB, dir string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		writeText(t, filepath.Join(dir, path), "good "+path)
	}
}

// age makes files look as if they were written an hour ago.
func age(t *testing.T, dir string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Chtimes(filepath.Join(dir, path), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

// offered lists what can be used.
func offered(v *Inventory) (all []string) {
	for _, m := range v.Models() {
		all = append(all, m.Name)
	}
	for _, a := range v.Addons() {
		all = append(all, a.Name)
	}
	return all
}

func wantOffered(t *testing.T, v *Inventory, when string, want ...string) {
	t.Helper()
	if got := offered(v); !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q; faults %v", when, got, want, v.Faults())
	}
}

func TestFirstLook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good(t, dir, "xl.safetensors", "harbour/model_index.json", "loras/a.safetensors", "loras/old.pt")
	writeText(t, filepath.Join(dir, "loras/bad.safetensors"), "bad")
	writeText(t, filepath.Join(dir, "loras/half.safetensors"), "half")
	age(t, dir, "loras/bad.safetensors")
	v, log := newInventory(dir)
	if !v.Look() || len(v.Changed()) != 1 {
		t.Error("want the first look to find something, and to tell")
	}
	<-v.Changed()
	if v.Look() || len(v.Changed()) != 0 {
		t.Error("want the second look to find nothing new")
	}
	wantOffered(t, v, "first", "harbour", "xl", "a")
	for _, m := range v.Models() {
		if len(m.Hash) != 64 || len(m.Files) == 0 || m.Changed() != nil {
			t.Errorf("%s: got hash %q, files %v", m.Name, m.Hash, m.Files)
		}
	}
	if a := v.Addons()[0]; a.Hash != fmt.Sprint(mustSum(t, filepath.Join(dir, "loras/a.safetensors"))) {
		t.Errorf("got %+v, want the hash of the file", a)
	}
	states := map[string]State{}
	for _, e := range v.Entries() {
		states[e.Name] = e.State
	}
	if states["bad"] != Refused || states["half"] != Unfinished {
		t.Errorf("got %v, want bad refused, and half still being written", states)
	}
	faults := fmt.Sprint(v.Faults())
	if len(v.Faults()) != 3 || !strings.Contains(faults, "pickle") || !strings.Contains(faults, "half: broken (it was") {
		t.Errorf("got %s, want three faults", faults)
	}
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "bad: broken") {
		t.Errorf("got the log %s, want bad and old", text)
	}
}

func mustSum(t *testing.T, path string) string {
	t.Helper()
	r, err := filehash.Open("").Sum(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.SHA256
}

// TestFilesThatComeAndGo follows a folder over several looks.
func TestFilesThatComeAndGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good(t, dir, "loras/a.safetensors")
	v, log := newInventory(dir)
	v.Look()
	hash := v.Addons()[0].Hash
	t.Run("one that is being written waits until two looks find it the same", func(t *testing.T) {
		for n := range 3 {
			writeText(t, filepath.Join(dir, "loras/new.safetensors"), "good"+strings.Repeat(" more", n))
			if !v.Look() {
				t.Error("want the growing file noticed")
			}
			wantOffered(t, v, "growing", "a")
		}
		v.Look()
		v.hashOne(t)
		wantOffered(t, v, "settled", "a", "new")
	})
	t.Run("one that is replaced is not there any more, even before the next look", func(t *testing.T) {
		writeText(t, filepath.Join(dir, "loras/a.safetensors"), "good, but another")
		if _, found := v.Find(LoRA, hash); found {
			t.Error("found by its old hash")
		}
		v.Look()
		wantOffered(t, v, "replaced", "new")
		v.Look()
		v.hashOne(t)
		wantOffered(t, v, "again", "a", "new")
		e, found := v.Find(LoRA, v.Addons()[0].Hash)
		if !found || e.Hash == hash || e.Name != "a" {
			t.Errorf("got %+v, %v, want a by its new hash", e, found)
		}
	})
	t.Run("a second file of the name renames both", func(t *testing.T) {
		good(t, dir, "loras/x/a.safetensors", "loras/y/new.safetensors")
		v.Look()
		v.Look()
		v.hashOne(t)
		v.hashOne(t)
		wantOffered(t, v, "two of a name", "a", "new", "x/a", "y/new")
		for _, path := range []string{"loras/new.safetensors", "loras/x"} {
			if err := os.RemoveAll(filepath.Join(dir, path)); err != nil {
				t.Fatal(err)
			}
		}
		v.Look()
		wantOffered(t, v, "one of a name", "a", "new")
	})
	for _, want := range []string{"new or changed", "ready to be used", "gone from"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got the log\n%s, want %q", log, want)
		}
	}
}

// hashOne hashes the next file, as Run does.
func (v *Inventory) hashOne(t *testing.T) {
	t.Helper()
	e, found := v.nextUnhashed()
	if !found {
		t.Fatalf("nothing to hash: %v", v.Faults())
	}
	now := time.Now()
	v.hash(t.Context(), e, &now)
}

func TestTwins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{"loras/a", "loras/b", "embeddings/a", "a"} {
		writeText(t, filepath.Join(dir, path+".safetensors"), "good, the same")
	}
	v, _ := newInventory(dir)
	v.Look()
	wantOffered(t, v, "twins", "a", "a", "a")
	i := slices.IndexFunc(v.Entries(), func(e Entry) bool { return e.Twin != "" })
	if i < 0 || v.Entries()[i].Name != "b" || v.Entries()[i].Twin != "a" {
		t.Errorf("got %+v, want b to be a's twin", v.Entries())
	}
	if err := os.Remove(filepath.Join(dir, "loras/a.safetensors")); err != nil {
		t.Fatal(err)
	}
	v.Look()
	wantOffered(t, v, "one of them is gone", "a", "a", "b")
}

// large writes a file that is not hashed at the first look; most of it is a hole.
func large(t testing.TB, dir, path string, bytes int64) {
	t.Helper()
	good(t, dir, path)
	if err := os.Truncate(filepath.Join(dir, path), bytes); err != nil {
		t.Fatal(err)
	}
}

// TestRunHashesInTheBackground: large files are offered once they are hashed, models first, and known afterwards.
func TestRunHashesInTheBackground(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filepath.Join(t.TempDir(), "hashes.json")
	large(t, dir, "loras/big.safetensors", atOnce+1)
	large(t, dir, "xl.safetensors", atOnce+2)
	good(t, dir, "loras/a.safetensors")
	synctest.Test(t, func(t *testing.T) {
		v, log := newInventory(dir)
		v.Cache = filehash.Open(cache)
		v.Open = func(i Item) (Opened, error) { // without reading it
			o, err := openFake(Item{Kind: i.Kind, Name: i.Name, Path: filepath.Join(dir, "loras/a.safetensors")})
			return o, err
		}
		v.Look()
		wantOffered(t, v, "first", "a")
		if p := v.Progress(); p.Done() || p.Items != 1 || p.OfItems != 3 || p.OfBytes < 2*atOnce {
			t.Errorf("got %+v, want one of three", p)
		}
		if next, _ := v.nextUnhashed(); next.Name != "xl" {
			t.Errorf("got %s first, want the model", next.Name)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { v.Run(ctx); close(done) }()
		for !v.Progress().Done() {
			time.Sleep(time.Second)
		}
		wantOffered(t, v, "hashed", "xl", "a", "big")
		if p := v.Progress(); p.Bytes != p.OfBytes {
			t.Errorf("got %v", p)
		}
		good(t, dir, "loras/late.safetensors")
		time.Sleep(4 * lookInterval)
		wantOffered(t, v, "a file that came", "xl", "a", "big", "late")
		cancel()
		<-done
		if !strings.Contains(log.String(), "ready to be used") {
			t.Errorf("got the log %s", log)
		}
	})
	again, _ := newInventory(dir)
	again.Cache = filehash.Open(cache)
	again.Open = func(i Item) (Opened, error) { return Opened{Addon: &request.AddonCard{Name: i.Name}}, nil }
	again.Look()
	if got := offered(again); len(got) != 4 {
		t.Errorf("after a restart: got %q, want all at once", got)
	}
}

func TestHashOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large(t, dir, "xl.safetensors", atOnce+1)
	v, _ := newInventory(dir)
	v.Look()
	e, found := v.nextUnhashed()
	if !found {
		t.Fatal("nothing to hash")
	}
	good(t, dir, "xl.safetensors")
	now := time.Now()
	v.Cache.Save()
	grown := e
	grown.Path = filepath.Join(dir, "none.safetensors")
	v.hash(t.Context(), grown, &now)
	if v.Progress().Items != 0 {
		t.Error("a file that went away became another's hash")
	}
	v.Look() // sees the change
	v.Look() // and that it is complete
	wantOffered(t, v, "before it is hashed")
	for len(v.Changed()) > 0 {
		<-v.Changed()
	}
	v.hashOne(t)
	if len(v.Changed()) != 1 {
		t.Error("want to be told that something is ready")
	}
	if m := v.Models(); len(m) != 1 || m[0].Hash != mustSum(t, filepath.Join(dir, "xl.safetensors")) {
		t.Errorf("got %+v, want the hash of what is there now", m)
	}
}

func TestHashingStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large(t, dir, "xl.safetensors", atOnce+1)
	v, _ := newInventory(dir)
	v.Look()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	e, _ := v.nextUnhashed()
	now := time.Now()
	v.hash(ctx, e, &now)
	if entries := v.Entries(); entries[0].State != Unhashed || entries[0].Err != nil {
		t.Errorf("got %+v, want it to wait", entries[0])
	}
}

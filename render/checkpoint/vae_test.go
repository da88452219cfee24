package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
)

// TestVAEOfACheckpoint: which VAE a checkpoint takes, of those that are offered.
func TestVAEOfACheckpoint(t *testing.T) {
	t.Parallel()
	const firstOfFamily = "the first for Stable Diffusion 1 and 2 by name"
	for name, c := range map[string]struct {
		golden string   // the checkpoint, called boats
		card   string   // beside it
		vaes   []string // below the folder of VAEs
		beside bool
		asked  string
		want   string // the VAE's name, "" for the checkpoint's own
		why    string
		notes  int
	}{
		"its own":                       {golden: goldentest.CheckpointF16, vaes: []string{"boats", "clear"}, beside: true},
		"its own, another is asked for": {golden: goldentest.CheckpointF16, vaes: []string{"clear"}, asked: "clear"},
		"of its card, in place of its own": {
			golden: goldentest.CheckpointF16, card: `{"vae":"Clear.safetensors"}`, vaes: []string{"a", "clear"}, want: "clear",
			why: "as boats.json says",
		},
		"of a card in A1111's words": {
			golden: goldentest.CheckpointF16, card: `{"vae":"Automatic"}`, vaes: []string{"a"},
		},
		"of its card, and not here": {
			golden: goldentest.CheckpointF16, card: `{"vae":"lost"}`, vaes: []string{"a"}, notes: 1,
		},
		"of its card, before all others": {
			card: `{"vae":"clear"}`, vaes: []string{"a", "boats", "clear"}, beside: true, asked: "a", want: "clear",
			why: "as boats.json says",
		},
		"asked for": {
			vaes: []string{"a", "boats", "clear"}, beside: true, asked: "CLEAR", want: "clear", why: "as asked for",
		},
		"asked for, whatever its name says": {vaes: []string{"xl/b"}, asked: "b", want: "b", why: "as asked for"},
		"beside it": {
			vaes: []string{"a", "boats"}, beside: true, want: "boats.vae", why: "beside it",
		},
		"called like it": {vaes: []string{"a", "boats-v2"}, want: "boats-v2", why: "by its name"},
		"of its family": {
			vaes: []string{"c", "B", "axl", "SDXL/a"}, want: "B", why: firstOfFamily,
		},
		"asked for, and not here": {vaes: []string{"b"}, asked: "lost", want: "b", why: firstOfFamily},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.golden == "" {
				c.golden = goldentest.CheckpointNoVAE
			}
			path, vaes := boats(t, c.golden, c.card, c.vaes, c.beside)
			vaes.Asked = c.asked
			m, err := checkpoint.Open(path, folder.Unhashed(), folder.WithVAEs(vaes))
			if err != nil {
				t.Fatal(err)
			}
			got := folder.VAEFile{}
			if m.VAE != nil {
				got = *m.VAE
			}
			if got.Ref.Name != c.want || got.Why != c.why || len(m.Unfollowed) != c.notes || !m.Config.CanEncode {
				t.Errorf("got %q, %q, notes %q, want %q, %q, %d notes", got.Ref.Name, got.Why, m.Unfollowed, c.want, c.why,
					c.notes)
			}
			if used := m.DecoderNetwork().Written.Files[got.Path] != nil; used != (c.want != "") {
				t.Errorf("the decoder is of %v", m.DecoderNetwork().Written.Files)
			}
			byVAEs := c.golden == goldentest.CheckpointNoVAE || strings.Contains(c.card, "lear") || c.notes > 0
			if m.ByVAEs != byVAEs {
				t.Errorf("decided by what is offered: got %v, want %v", m.ByVAEs, byVAEs)
			}
		})
	}
}

// boats is a checkpoint of that name with its neighbours, and VAEs in a folder.
func boats(t *testing.T, golden, card string, names []string, beside bool) (path string, v folder.VAEs) {
	t.Helper()
	path = goldentest.Checkpoint(t, golden)
	stem := filepath.Join(filepath.Dir(path), "boats")
	vae := goldentest.Checkpoint(t, goldentest.CheckpointVAE)
	link := func(from, to string) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Link(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	link(path, stem+".safetensors")
	if beside {
		link(vae, stem+".vae.safetensors")
	}
	if card != "" {
		if err := os.WriteFile(stem+".json", []byte(card), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		to := filepath.Join(filepath.Dir(path), "vae", name+".safetensors")
		link(vae, to)
		v.Files = append(v.Files, folder.VAEFile{Ref: picture.Ref{Name: filepath.Base(name)}, Path: to})
	}
	return stem + ".safetensors", v
}

// TestNoVAE: a checkpoint for which there is no VAE is refused, and the sentence says what to do.
func TestNoVAE(t *testing.T) {
	t.Parallel()
	const want = "it has no VAE; want one for Stable Diffusion 1 and 2 in the folder vae, or beside it in " +
		"boats.vae.safetensors"
	for name, c := range map[string]struct {
		vaes  []string
		wrong string // a file among them that is no VAE
		more  string
	}{
		"nothing there": {},
		"another family's": {
			vaes: []string{"sdxl_vae"}, more: `; "sdxl_vae" seems to be for another family: boats.json can name it ("vae")`,
		},
		"not a VAE at all": {wrong: "text"},
	} {
		path, vaes := boats(t, goldentest.CheckpointNoVAE, "", c.vaes, false)
		if c.wrong != "" {
			wrong := filepath.Join(t.TempDir(), "broken.safetensors")
			if err := os.WriteFile(wrong, []byte(c.wrong), 0o600); err != nil {
				t.Fatal(err)
			}
			vaes.Files = append(vaes.Files, folder.VAEFile{Ref: picture.Ref{Name: "broken"}, Path: wrong})
		}
		_, err := checkpoint.Open(path, folder.WithVAEs(vaes))
		if !errors.Is(err, checkpoint.ErrNoVAE) || !strings.HasSuffix(err.Error(), path+": "+want+c.more) {
			t.Errorf("%s: got %v, want %q", name, err, want+c.more)
		}
	}
}

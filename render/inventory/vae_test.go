package inventory

import (
	"os"
	"path/filepath"
	"testing"
)

// TestACheckpointThatTakesAVAE: it is offered while there is one, with the hash of that, and opened anew when the
// choice changes. A checkpoint with a VAE of its own stays as it is.
func TestACheckpointThatTakesAVAE(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, "boats.safetensors"), "good, without VAE")
	good(t, dir, "whole.safetensors", "whole.vae.safetensors")
	age(t, dir, "boats.safetensors")
	v, _ := newInventory(dir)
	v.Look()
	wantOffered(t, v, "no VAE", "whole", "whole.vae")
	whole := v.Models()[0]
	good(t, dir, "vae/clear.safetensors")
	v.Look()
	wantOffered(t, v, "a VAE that may still be written", "whole", "whole.vae")
	v.Look()
	if v.hashOne(t); v.Models()[0].VAE.Ref.Name != "clear" {
		t.Errorf("got %+v, want the VAE clear", v.Models()[0].VAE)
	}
	v.hashOne(t) // the VAE itself
	wantOffered(t, v, "a VAE", "boats", "whole", "clear", "whole.vae")
	taken := v.Models()[0]
	if want := mustSum(t, filepath.Join(dir, "vae/clear.safetensors")); taken.VAE.Ref.Hash != want ||
		taken.Changed() != nil ||
		len(taken.Files) != 2 ||
		taken.Hash != mustSum(t, filepath.Join(dir, "boats.safetensors")) {
		t.Errorf("got %+v with %d files, want the hash %s of the VAE beside that of the checkpoint", taken.VAE,
			len(taken.Files), want)
	}
	if v.Look() {
		t.Error("want nothing changed")
	}
	writeText(t, filepath.Join(dir, "vae/clear.safetensors"), "good, but another")
	if taken.Changed() == nil {
		t.Error("want the model changed with its VAE")
	}
	if v.Look(); len(v.Models()) != 1 {
		t.Errorf("got %d models, want one while the VAE may still be written", len(v.Models()))
	}
	v.Look()
	v.hashOne(t)
	if got := v.Models()[0]; got.VAE.Ref.Hash == taken.VAE.Ref.Hash || got.Hash != taken.Hash {
		t.Errorf("got %+v, want another VAE with the same checkpoint", got.VAE)
	}
	if err := os.Remove(filepath.Join(dir, "vae/clear.safetensors")); err != nil {
		t.Fatal(err)
	}
	v.Look()
	wantOffered(t, v, "the VAE is gone", "whole", "whole.vae")
	if v.Models()[0] != whole {
		t.Error("want the checkpoint with its own VAE as it was opened first")
	}
}

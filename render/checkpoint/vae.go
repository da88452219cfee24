package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/safetensors"
	"darkroom/render/weightname"
)

// ErrNoVAE is the error of a checkpoint without a VAE, for which none of those that were offered fits.
var ErrNoVAE = errors.New("it has no VAE")

// vaeChannels are the channels of the latents of all families.
const vaeChannels = 4

// namedXL is how files of SDXL's VAE are called, or the folder that they lie in. The latents of SDXL are others than
// those of Stable Diffusion 1 and 2, and the weights do not say which they are for.
var namedXL = regexp.MustCompile(`(?i)xl`)

// openedVAE is a VAE that was read.
type openedVAE struct {
	weights network.Weights
	file    *safetensors.File
	xl      bool // it is SDXL's: as the UNet beside it says, or else its name
}

// readVAE reads a file of a VAE alone, or the VAE of a checkpoint.
func readVAE(path string) (openedVAE, error) {
	file, err := openFile(path)
	if err != nil {
		return openedVAE{}, err
	}
	var c contents
	if err := c.take(file, weightname.Read(file.Names())); err != nil {
		return openedVAE{}, err
	}
	weights := c.parts[weightname.VAE]
	if weights == nil {
		return openedVAE{}, errors.New("no VAE of Stable Diffusion in it")
	}
	if n := weights["decoder.conv_in.weight"].Channels(); n != vaeChannels {
		return openedVAE{}, fmt.Errorf("its latents have %d channels, want %d", n, vaeChannels)
	}
	xl := namedXL.MatchString(filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path)))
	if unet := c.parts[weightname.Unet]; unet != nil {
		xl = unet.Has("add_embedding.linear_1.weight")
	}
	return openedVAE{weights, file, xl}, nil
}

// OpenVAE opens a VAE: a file of one alone, in any naming, or that of a checkpoint.
func OpenVAE(path string) (folder.Parts, error) {
	if err := Refuse(path); err != nil {
		return nil, fmt.Errorf("VAE: %w", err)
	}
	vae, err := readVAE(path)
	if err != nil && strings.Contains(err.Error(), path) {
		return nil, fmt.Errorf("VAE: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("VAE: %s: %w", path, err)
	}
	c := contents{path: path}
	c.takeVAE(vae)
	parts := folder.Parts{}
	c.writeVAE(parts)
	return parts, nil
}

// takeVAE makes a VAE that of the model.
func (c *contents) takeVAE(v openedVAE) {
	if c.parts == nil {
		c.parts = map[string]network.Weights{}
	}
	c.files, c.parts[weightname.VAE] = append(c.files, v.file), v.weights
}

// findVAE settles which VAE the model has: the one that its card names; else its own; else the first that there is of
// the one that was asked for, the one beside it (NAME.vae.safetensors), one whose name begins with its own, and of its
// family the first by name. All but the last two are A1111's order, as are the card's setting "vae" and the names.
func (c *contents) findVAE(v variant) error {
	if chosen, named := c.vaeOfCard(); named {
		return c.chooseVAE(chosen)
	}
	if c.parts[weightname.VAE] != nil {
		return nil
	}
	c.byVAEs = true
	for _, find := range []func() (folder.VAEFile, bool){c.vaeAsked, c.vaeBeside, c.vaeByName} {
		if chosen, found := find(); found {
			return c.chooseVAE(chosen)
		}
	}
	return c.vaeOfFamily(v)
}

// chooseVAE takes a VAE that is meant for this model.
func (c *contents) chooseVAE(chosen folder.VAEFile) error {
	vae, err := readVAE(chosen.Path)
	if err != nil && strings.Contains(err.Error(), chosen.Path) {
		return fmt.Errorf("VAE: %w", err)
	}
	if err != nil {
		return fmt.Errorf("VAE %s: %w", chosen.Path, err)
	}
	c.takeVAE(vae)
	c.vae = &chosen
	return nil
}

// vaeOfCard is the VAE that the card names. One that is not here is told of.
func (c *contents) vaeOfCard() (folder.VAEFile, bool) {
	name := c.own.VAE
	if name == "" || strings.EqualFold(name, "automatic") || strings.EqualFold(name, "none") { // A1111's words
		return folder.VAEFile{}, false
	}
	c.byVAEs = true
	card := filepath.Base(cardPath(c.path))
	chosen, found := c.vaeNamed(name, "as "+card+" says")
	if !found {
		c.notes = append(c.notes, fmt.Sprintf("%s: the VAE %q is not here", card, name))
	}
	return chosen, found
}

func (c *contents) vaeAsked() (folder.VAEFile, bool) {
	return c.vaeNamed(c.offered.Asked, "as asked for")
}

// vaeNamed is the one of a name: with its folder or its extension, or without.
func (c *contents) vaeNamed(name, why string) (folder.VAEFile, bool) {
	return c.offeredVAE(why, func(f folder.VAEFile) bool {
		base := filepath.Base(f.Path)
		return slices.ContainsFunc([]string{f.Ref.Name, base, strings.TrimSuffix(base, Extension)},
			func(own string) bool { return strings.EqualFold(own, name) })
	})
}

func (c *contents) vaeBeside() (folder.VAEFile, bool) {
	path := c.besideName()
	if _, err := os.Stat(path); err != nil {
		return folder.VAEFile{}, false
	}
	name := strings.TrimSuffix(filepath.Base(path), Extension)
	return folder.VAEFile{Ref: picture.Ref{Name: name}, Path: path, Why: "beside it"}, true
}

// besideName is where the VAE of a checkpoint lies beside it.
func (c *contents) besideName() string {
	return strings.TrimSuffix(c.path, filepath.Ext(c.path)) + ".vae" + Extension
}

// vaeByName is the one that is called as the checkpoint: find_vae_near_checkpoint in A1111's modules/sd_vae.py.
func (c *contents) vaeByName() (folder.VAEFile, bool) {
	own := strings.TrimSuffix(filepath.Base(c.path), filepath.Ext(c.path))
	return c.offeredVAE("by its name", func(f folder.VAEFile) bool {
		return strings.HasPrefix(filepath.Base(f.Path), own)
	})
}

// offeredVAE is the first of the offered files, by name, that which selects.
func (c *contents) offeredVAE(why string, which func(folder.VAEFile) bool) (folder.VAEFile, bool) {
	files := c.offeredByName()
	i := slices.IndexFunc(files, which)
	if i < 0 {
		return folder.VAEFile{}, false
	}
	files[i].Why = why
	return files[i], true
}

func (c *contents) offeredByName() []folder.VAEFile {
	files := slices.Clone(c.offered.Files)
	slices.SortStableFunc(files, func(a, b folder.VAEFile) int {
		return cmp.Compare(strings.ToLower(a.Ref.Name), strings.ToLower(b.Ref.Name))
	})
	return files
}

// vaeOfFamily takes the first offered VAE of the model's family. Files that are none are passed over: they are told of
// where they lie.
func (c *contents) vaeOfFamily(v variant) error {
	other := ""
	for _, f := range c.offeredByName() {
		vae, err := readVAE(f.Path)
		switch {
		case err != nil:
		case vae.xl != v.xl():
			other = cmp.Or(other, f.Ref.Name)
		default:
			f.Why = "the first for " + v.latents() + " by name"
			c.takeVAE(vae)
			c.vae = &f
			return nil
		}
	}
	hint := ""
	if other != "" {
		hint = fmt.Sprintf("; %q seems to be for another family: %s can name it (\"vae\")", other,
			filepath.Base(cardPath(c.path)))
	}
	return fmt.Errorf("%w; want one for %s in the folder vae, or beside it in %s%s", ErrNoVAE, v.latents(),
		filepath.Base(c.besideName()), hint)
}

// latents names the families whose VAE has the same latents.
func (v variant) latents() string {
	if v.xl() {
		return "SDXL"
	}
	return "Stable Diffusion 1 and 2"
}

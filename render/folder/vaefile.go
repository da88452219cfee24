package folder

import (
	"os"

	"darkroom/render/filehash"
	"darkroom/render/picture"
)

// VAEFile is the file of a VAE that a checkpoint takes, which is no part of the checkpoint's hash.
type VAEFile struct {
	Ref  picture.Ref // Hash is the SHA-256 of the file; "" where it is not known yet
	Path string
	Why  string // it was taken, in words that follow its name: "beside it"
}

// VAEs are the VAE files that a checkpoint may take.
type VAEs struct {
	Files []VAEFile
	// Asked is the name of the one that a checkpoint without a VAE takes before all others; "" for none.
	Asked string
}

// WithVAEs offers VAE files to a checkpoint. Whether it takes one, and which, package checkpoint says.
func WithVAEs(v VAEs) Option { return func(o *openOptions) { o.vaes = v } }

// OfferedVAEs are the VAE files that options offer.
func OfferedVAEs(options []Option) VAEs {
	var o openOptions
	for _, option := range options {
		option(&o)
	}
	return o.vaes
}

// addVAE counts the file of a VAE that the model takes among the model's files, and hashes it unless cache is nil.
func (f *Model) addVAE(cache *filehash.Cache) error {
	if f.VAE == nil {
		return nil
	}
	info, err := os.Stat(f.VAE.Path)
	if err != nil {
		return err
	}
	file := filehash.File{Path: f.VAE.Path, Stamp: filehash.StampOf(info)}
	if cache != nil {
		r, err := cache.Sum(f.VAE.Path, nil)
		if err != nil {
			return err
		}
		f.VAE.Ref.Hash, file.Stamp = r.SHA256, r.Stamp
	}
	f.Files = append(f.Files, file)
	return nil
}

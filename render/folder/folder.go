// Package folder reads model folders in the layout that diffusers and Optimum export: it checks that all files are
// there and fit each other, recognises the family, computes the hash, and says which networks there are and how they
// are fed. It loads no weights, imports no runtime and builds without a C compiler.
//
// Exports of different years differ in names, element types and ranks. These are read from the files (package graph),
// never assumed. docs/models.md says which folders are opened.
package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/family"
	"darkroom/render/filehash"
	"darkroom/render/onnx/graph"
)

// The networks of a folder besides its text encoders, each in the folder of its name.
const (
	unetPart    = "unet"
	decoderPart = "vae_decoder"
	encoderPart = "vae_encoder" // optional: without it there is no img2img
)

// Model is a model that was checked. Nothing of it is loaded.
type Model struct {
	Dir         string          // absolute; of a checkpoint, the file
	Name        string          // the card's, else the folder's
	Hash        string          // of everything that decides an image, see Open
	Bytes       int64           // of all its files
	Files       []filehash.File // the hashed files, and that of VAE
	Config      Config
	Card        Card
	Ports       Ports
	TinyDecoder *TinyDecoder // nil for none
	Upscaler    *Upscaler    // nil for none
	Scheduler   OwnScheduler
	Guess       Guess
	VAE         *VAEFile // that it takes from another file; nil for its own, which is in its hash
	ByVAEs      bool     // what WithVAEs offers decides which VAE it takes
	CardDecides bool     // files that are no part of Hash decide how it is sampled: its card, and its name
	Unfollowed  []string // what its files ask for and is done otherwise, besides the scheduler; each begins with the file

	graphs       map[string]graph.Header // by part
	written      map[string]*Written     // by part; nil for a folder of ONNX files
	clues        family.Clues            // what the kind is recognised by
	textEncoders []textEncoderConfig     // by text encoder
	timeCondDim  int                     // time_cond_proj_dim of the UNet
	unetChannels int                     // in_channels of the UNet; 0 where config.json does not say
}

// Open checks a model folder: that all files are there in full, and of shapes that can be fed. The error names the file
// and what was expected. No weights are loaded.
//
// The Hash is the SHA-256 of what `sha256sum` prints for model_index.json and all files of the known parts
// (family.AllTextParts, unet, vae_decoder, vae_encoder, scheduler), sorted by path. The card and other files do not
// change it. Hashing reads everything, so pass a cache file (see Cached) for large models.
func Open(dir string, options ...Option) (*Model, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open model folder: %w", err)
	}
	f := &Model{Dir: dir, Name: filepath.Base(dir), graphs: map[string]graph.Header{}}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("open model folder: %w", err)
	}
	if err := f.hash(options); err != nil {
		return nil, fmt.Errorf("hash model folder: %w", err)
	}
	return f, nil
}

// hash sets the hash, the files and their size.
func (f *Model) hash(options []Option) (err error) {
	o := openOptions{cache: filehash.Open("")}
	for _, option := range options {
		option(&o)
	}
	stat, sum := Stat, Sum
	if info, err := os.Stat(f.Dir); err == nil && !info.IsDir() {
		stat, sum = statFile, sumFile
	}
	if o.unhashed {
		f.Files, err = stat(f.Dir)
		err = errors.Join(err, f.addVAE(nil))
	} else {
		f.Hash, f.Files, err = sum(f.Dir, o.cache, nil)
		err = errors.Join(err, f.addVAE(o.cache))
		o.cache.Save()
	}
	for _, file := range f.Files {
		f.Bytes += file.Size
	}
	return err
}

// Changed returns an error where a file that decides an image is gone or is not as it was when the model was opened:
// its Hash names another content then, and reading its weights through a mapping could end the process.
func (f *Model) Changed() error {
	for _, file := range f.Files {
		if err := file.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Option changes how Open works.
type Option func(*openOptions)

type openOptions struct {
	cache    *filehash.Cache
	unhashed bool
	vaes     VAEs
}

// Cached keeps the hashes of unchanged files in a file, see filehash. One that cannot be read or written is ignored.
func Cached(file string) Option { return Hashes(filehash.Open(file)) }

// Hashes is Cached with a cache that is open.
func Hashes(cache *filehash.Cache) Option { return func(o *openOptions) { o.cache = cache } }

// Unhashed leaves the Hash empty: nothing is read but headers. Sum computes it.
func Unhashed() Option { return func(o *openOptions) { o.unhashed = true } }

// read fills the folder step by step, the cheapest checks first.
func (f *Model) read() error {
	if info, err := os.Stat(f.Dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%s: a file, want a model folder", f.Dir)
	}
	for _, step := range []func() error{
		f.readIndex, f.checkTokenizers, f.readScheduler, f.readVAE, f.readText, f.readUnet, f.readGraphs,
		f.readActivation, f.validateGraphs, f.findTinyDecoder, f.readCard, f.findUpscaler,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	f.Config.SupportsSeamless = f.supportsSeamless()
	return nil
}

// networkParts lists the folders of all networks.
func (f *Model) networkParts() []string {
	return append(f.Config.Family.TextParts(), unetPart, decoderPart, encoderPart)
}

func (f *Model) readGraphs() error {
	for _, part := range f.networkParts() {
		if err := f.readGraph(part); err != nil {
			return err
		}
	}
	return nil
}

func (f *Model) readGraph(part string) error {
	h, err := graph.Read(f.path(part))
	switch {
	case err == nil:
		f.graphs[part] = h
		f.Config.CanEncode = f.Config.CanEncode || part == encoderPart
		return nil
	case part == encoderPart && errors.Is(err, os.ErrNotExist) && missing(f.path(part)):
		return nil
	case errors.Is(err, os.ErrNotExist) && missing(f.path(part)):
		return f.explainMissing(part, err)
	}
	return err
}

// explainMissing adds the likely reason: PyTorch weights where ONNX files are wanted.
func (f *Model) explainMissing(part string, err error) error {
	for _, pattern := range []string{"*.safetensors", "*.bin", "../vae/*.safetensors"} {
		if found, _ := filepath.Glob(filepath.Join(f.Dir, part, pattern)); len(found) > 0 {
			return fmt.Errorf("%w (there are PyTorch weights; export the model to ONNX, with Optimum for example)", err)
		}
	}
	if others := f.otherNetworks(part); len(others) > 0 {
		return fmt.Errorf("%w (there is %s: rename it, if it is this network)", err, strings.Join(others, ", "))
	}
	return err
}

// otherNetworks names ONNX files that lie where a part's model.onnx is expected: in its folder, or beside all of them.
func (f *Model) otherNetworks(part string) (names []string) {
	const most = 3
	for _, pattern := range []string{part + "/*.onnx", part + "*.onnx", "onnx/" + part + "*.onnx"} {
		found, _ := filepath.Glob(filepath.Join(f.Dir, pattern))
		for _, path := range found[:min(len(found), most)] {
			if name, err := filepath.Rel(f.Dir, path); err == nil {
				names = append(names, name)
			}
		}
	}
	return names
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// checkTokenizers checks that the files of every CLIP tokenizer are there: vocab.json and merges.txt or, as newer
// programs save it, tokenizer.json alone. Package clip reads them.
func (f *Model) checkTokenizers() error {
	for _, part := range f.Config.Family.Tokenizers() {
		files := []string{"vocab.json", "merges.txt"}
		path := func(name string) string { return filepath.Join(f.Dir, part, name) }
		if missing(path(files[0])) && missing(path(files[1])) && !missing(path("tokenizer.json")) {
			files = []string{"tokenizer.json"}
		}
		for _, name := range files {
			info, err := os.Stat(path(name))
			if err != nil {
				return err
			}
			if info.Size() == 0 || info.IsDir() {
				return fmt.Errorf("%s: empty, want a CLIP tokenizer's file", path(name))
			}
		}
	}
	return nil
}

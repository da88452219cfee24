// Package checkpoint opens models as people have them, without conversion: checkpoints of Stable Diffusion in
// safetensors, in the names of any program, and folders of diffusers that hold safetensors in place of ONNX files. It
// recognises the family by the names and shapes of weights, and gives a folder.Model whose networks are written by
// package network. The weights stay in their files.
//
// What a checkpoint does not say is as in diffusers' from_single_file.
package checkpoint

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/folder"
	"darkroom/render/safetensors"
)

// Open checks a checkpoint: that its names and shapes are those of a model that can be generated with. The model's Hash
// is the SHA-256 of the file. No weights are loaded. The error names the file and the reason; it is ErrNoVAE where only
// a VAE is missing, and folder.WithVAEs offers some.
func Open(path string, options ...folder.Option) (*folder.Model, error) {
	f, err := open(path, options)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return f, nil
}

func open(path string, options []folder.Option) (*folder.Model, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := Refuse(path); err != nil {
		return nil, err
	}
	file, err := openFile(path)
	if err != nil {
		return nil, explain(path, err)
	}
	c := contents{path: path, files: []*safetensors.File{file}, offered: folder.OfferedVAEs(options)}
	d, err := c.describeCheckpoint()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return folder.Describe(d, options...)
}

// openFile opens a file where its links lead: the runtime reads weights beside no link.
func openFile(path string) (*safetensors.File, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	return safetensors.Open(target)
}

// describeCheckpoint reads a file that holds all parts.
func (c *contents) describeCheckpoint() (folder.Description, error) {
	err := c.read()
	if err == nil {
		c.own, err = readOwnCard(c.path)
	}
	if err != nil {
		return folder.Description{}, err
	}
	v, err := c.recognise()
	if err == nil {
		err = c.findVAE(v)
	}
	if err != nil {
		return folder.Description{}, err
	}
	return c.describe(v), nil
}

// Extension is how a checkpoint's file name ends.
const Extension = ".safetensors"

// Refuse says why a file of weights cannot be opened, by its name; nil for safetensors.
func Refuse(path string) error {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case Extension:
		return nil
	case ".ckpt", ".pt", ".pth", ".bin":
		return fmt.Errorf("%s: %s files are Python pickles, which can run any program when they are read; "+
			"want the same model as .safetensors", path, extension)
	case ".gguf":
		return fmt.Errorf("%s: GGUF files are not opened yet; want the same model as .safetensors", path)
	case ".onnx":
		return fmt.Errorf("%s: a single network; want a folder with all networks of a model", path)
	default:
		return fmt.Errorf("%s: not a checkpoint; want a .safetensors file", path)
	}
}

// explain recognises files that people often have in place of a checkpoint.
func explain(path string, err error) error {
	file, openErr := os.Open(path)
	if openErr != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 32)
	n, _ := io.ReadFull(file, head) // a shorter file gives fewer bytes
	switch start := string(head[:n]); {
	case n == 0:
		return fmt.Errorf("%s: the file is empty", path)
	case strings.HasPrefix(start, "version https://git-lfs"):
		return fmt.Errorf("%s: a Git LFS pointer, not the model; run `git lfs pull` in its folder", path)
	case strings.HasPrefix(strings.TrimSpace(start), "<"):
		return fmt.Errorf("%s: a web page, not a model; was a login asked for?", path)
	case strings.HasPrefix(start, "PK\x03\x04") || strings.HasPrefix(start, "\x80\x02"):
		return fmt.Errorf("%s: a Python pickle under another name, which can run any program when it is read", path)
	case strings.HasPrefix(start, "GGUF"):
		return fmt.Errorf("%s: GGUF under another name, which is not opened yet", path)
	}
	return err
}

package inventory

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/filehash"
	"darkroom/render/safetensors"
)

// Verify reads a file as a whole and returns its SHA-256. The error names a weight that is not a number, as in a file
// that was damaged or trained too fast, or says that Civitai's hash, where it lies beside the file, is another.
func Verify(path string, cache *filehash.Cache, progress filehash.Progress) (sha256 string, err error) {
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		if err := verifyValues(path); err != nil {
			return "", err
		}
	}
	r, err := cache.Sum(path, progress)
	if err != nil {
		return "", err
	}
	notes, _ := ReadNotes(path) // whoever opens the file hears the error
	if notes.SHA256 != "" && notes.SHA256 != r.SHA256 {
		return "", fmt.Errorf("%s: its SHA-256 is %s, and its %s says %s: download it again",
			path, r.SHA256, civitaiSuffix, notes.SHA256)
	}
	return r.SHA256, nil
}

// pieceBytes is how much of a tensor is read in one go; a multiple of every element's size.
const pieceBytes = 4 << 20

func verifyValues(path string) error {
	header, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buffer := make([]byte, pieceBytes)
	for _, name := range header.Names() {
		if t := header.Tensors[name]; t.DType.Float() {
			if err := verifyTensor(f, t, buffer); err != nil {
				return fmt.Errorf("%s: %s %w", path, safetensors.Quote(name), err)
			}
		}
	}
	return nil
}

// verifyTensor reads a tensor of numbers in pieces of a buffer.
func verifyTensor(f io.ReaderAt, t safetensors.Tensor, buffer []byte) error {
	r := io.NewSectionReader(f, t.Offset, t.Length)
	for left := t.Length; left > 0; left -= int64(len(buffer)) {
		buffer = buffer[:min(int64(len(buffer)), left)]
		if _, err := io.ReadFull(r, buffer); err != nil {
			return fmt.Errorf("cannot be read: %w", err)
		}
		values, err := safetensors.Floats(t.DType, buffer)
		if err != nil {
			return err
		}
		for _, v := range values {
			if v != v || math.IsInf(float64(v), 0) {
				return fmt.Errorf("holds %v: the file is damaged, or its training failed", v)
			}
		}
	}
	return nil
}

package realesrgan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"darkroom/render/ncnn"
	"darkroom/render/onnx/install"
)

// Package is a package with upscalers.
type Package struct {
	Archive   install.Archive // without members
	License   install.Member
	LicenseID string // as SPDX calls it
	Upscalers []Upscaler
}

// Upscaler is one network of a package.
type Upscaler struct {
	Name       string // its ONNX file is NAME.onnx
	About      string // what it is for, in a few words
	Scale      int
	Param, Bin install.Member
	Size       int64  // bytes of the ONNX file
	SHA256     string // of the ONNX file
}

// prefixes are what people leave out of the names: realesrgan/x4plus is realesrgan-x4plus.
var prefixes = []string{"", "realesrgan-", "realesr-"}

// Find returns the upscaler of a name, all for "". The error says which there are.
func (p Package) Find(name string) ([]Upscaler, error) {
	if name == "" {
		return p.Upscalers, nil
	}
	var known []string
	for _, u := range p.Upscalers {
		for _, prefix := range prefixes {
			if u.Name == prefix+name {
				return []Upscaler{u}, nil
			}
		}
		known = append(known, u.Name)
	}
	return nil, fmt.Errorf("there is no upscaler %q; try one of: %s", name, strings.Join(known, ", "))
}

// Needs is the archive with the members that upscalers are made of, and the licence.
func (p Package) Needs(upscalers []Upscaler) install.Archive {
	a := p.Archive
	a.Members = []install.Member{p.License}
	for _, u := range upscalers {
		a.Members = append(a.Members, u.Param, u.Bin)
	}
	return a
}

// ONNX makes an upscaler's ONNX file of the members in a folder. The same members always give the same file.
func (p Package) ONNX(u Upscaler, dir string) ([]byte, error) {
	param, err := os.ReadFile(filepath.Join(dir, u.Param.Name))
	if err != nil {
		return nil, fmt.Errorf("read the upscaler: %w", err)
	}
	bin, err := os.ReadFile(filepath.Join(dir, u.Bin.Name))
	if err != nil {
		return nil, fmt.Errorf("read the upscaler: %w", err)
	}
	n, err := ncnn.Read(param, bin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Param.Name, err)
	}
	if n.Scale != u.Scale {
		return nil, fmt.Errorf("%s: its images are %d times larger, want %d", u.Param.Name, n.Scale, u.Scale)
	}
	return n.ONNX(
		"source", p.Archive.Project+" "+p.Archive.Version+", "+u.Param.Name, "license", p.LicenseID,
		"scale", strconv.Itoa(n.Scale),
	), nil
}

// Write writes an upscaler's ONNX file beside the members in a folder, and returns its path. A file of another hash
// than is known is an error.
func (p Package) Write(u Upscaler, dir string) (string, error) {
	data, err := p.ONNX(u, dir)
	if err != nil {
		return "", err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != u.SHA256 {
		return "", fmt.Errorf("%s: the ONNX file's SHA-256 is %x, want %s", u.Name, sum, u.SHA256)
	}
	path := filepath.Join(dir, u.Name+".onnx")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return "", fmt.Errorf("write the upscaler: %w", err)
	}
	return path, nil
}

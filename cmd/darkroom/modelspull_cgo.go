//go:build cgo

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"darkroom/config"
	"darkroom/render/download"
	"darkroom/render/hub"
	"darkroom/render/inventory"
	"darkroom/render/pipeline"
)

// pullModel fetches a model or an add-on. It appears below --models once it is whole and was checked.
func pullModel(ctx context.Context, s invocation) error {
	c := s.settings.Models.Pull
	if one, ok := strings.CutPrefix(c.What, upscalerPackage); ok && (one == "" || one[0] == '/') {
		return explainStop(ctx, pullUpscalers(ctx, s, strings.TrimPrefix(one, "/")))
	}
	name, err := hub.ParseName(c.What, c.Hub.Endpoint)
	if err != nil {
		return err
	}
	p := puller{invocation: s, pull: c, hub: &hub.Client{
		Endpoint: c.Hub.Endpoint, Token: c.Hub.Token.Text(), Download: s.downloads(c.Hub),
	}}
	return explainStop(ctx, p.run(ctx, name))
}

// downloads is what downloads are made with.
func (s invocation) downloads(h config.Hub) *download.Client {
	return &download.Client{Transport: s.transport, UserAgent: "darkroom/" + revision(), Stall: h.Stall, Wait: s.wait}
}

// explainStop says what remains of a pull that broke off, and how to go on.
func explainStop(ctx context.Context, err error) error {
	const goOn = "the same command goes on from there"
	broken, isBroken := errors.AsType[*download.BrokenError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.New("stopped; what has come is kept, and " + goOn)
	case isBroken && broken.Done > 0:
		return fmt.Errorf("%w; %s", err, goOn)
	}
	return err
}

// puller fetches one thing from a hub.
type puller struct {
	invocation

	pull       config.ModelsPull
	hub        *hub.Client
	repository *hub.Repository
	choice     hub.Choice
}

func (p *puller) run(ctx context.Context, name hub.Name) (err error) {
	if p.repository, err = p.hub.Read(ctx, name); err != nil {
		return err
	}
	wish := hub.Wish{FP16: p.pull.FP16, ONNX: p.pull.ONNX, With: p.pull.With}
	if p.choice, err = p.hub.Choose(ctx, p.repository, wish); err != nil {
		return err
	}
	if p.choice.Folder {
		return p.folder(ctx)
	}
	return p.file(ctx)
}

// modelsDir is the models folder.
func (p *puller) modelsDir() string { return p.pull.Runtime.ModelsDir }

// folder fetches a model folder.
func (p *puller) folder(ctx context.Context) error {
	if p.pull.As != "" && inventory.Kind(p.pull.As) != inventory.Checkpoint {
		return fmt.Errorf("--as %s: %s is a model folder", p.pull.As, p.repository.Name)
	}
	name := cmp.Or(p.pull.Name, path.Base("/"+p.repository.Name.Path))
	if name == "/" {
		name = p.repository.Name.Model
	}
	target := filepath.Join(p.modelsDir(), name)
	if _, err := os.Lstat(target); err == nil {
		if p.hub.InPlace(p.repository, p.choice, target) {
			_, err := fmt.Fprintf(p.stdout, "%s: it is here already, and whole\n", target)
			return err
		}
		return fmt.Errorf("%s is there already, and is not what would be fetched: remove it, or give another --name", target)
	}
	k := checker{invocation: p.invocation, runtime: p.pull.Runtime, verified: map[string]bool{}}
	var err error
	if k.device, err = p.openDevice(p.pull.Runtime); err != nil { // not after gigabytes
		return err
	}
	if err := p.confirm(target); err != nil {
		return err
	}
	return p.staged(func(s *download.Stage) (bool, error) {
		dir := s.Path(name)
		if err := p.fetch(ctx, s, dir); err != nil {
			return false, err
		}
		if err := p.check(ctx, k, dir); err != nil {
			return ctx.Err() == nil, err
		}
		if _, err := os.Lstat(target); err == nil {
			return false, fmt.Errorf("%s has appeared meanwhile: remove it, and run the command again", target)
		}
		return true, p.placed(target, os.Rename(dir, target))
	})
}

// check reads a model as a whole, and renders a step with it.
func (p *puller) check(ctx context.Context, k checker, path string) error {
	bar := newDownloadBar(p.environment)
	bar.Say("checking the model")
	m, err := pipeline.Directory(p.modelsDir()).Open(path, nil)
	bar.Clear()
	if err == nil {
		err = k.model(ctx, m)
	}
	if err != nil {
		return fmt.Errorf("what was fetched cannot be used, and was removed: %w", err)
	}
	return nil
}

// staged runs a pull in a hidden folder of the models folder, which is kept until it is done: a break costs nothing.
// run tells whether it is done, for good or ill.
func (p *puller) staged(run func(*download.Stage) (bool, error)) error {
	return staged(p.modelsDir(), p.repository.Name.String(), run)
}

func staged(models, name string, run func(*download.Stage) (bool, error)) error {
	at := filepath.Join(models, ".pull", strings.NewReplacer("/", "--", "@", "--").Replace(name))
	s, err := download.OpenStage(at)
	if _, busy := errors.AsType[*download.BusyError](err); busy {
		return fmt.Errorf("%s: another process fetches it", name)
	}
	if err != nil {
		return err
	}
	defer s.Close()
	done, err := run(s)
	if done {
		err = errors.Join(err, s.Remove())
	}
	return err
}

// fetch brings the files into a folder of a stage, and nothing else stays there.
func (p *puller) fetch(ctx context.Context, s *download.Stage, dir string) error {
	bar := newDownloadBar(p.environment)
	err := p.hub.Fetch(ctx, p.repository, p.choice, dir, bar.Bytes)
	bar.Clear()
	if err != nil {
		return err
	}
	return s.Sweep(p.choice.Paths(dir))
}

// confirm shows what would be fetched and under which licence, and asks.
func (p *puller) confirm(target string) error {
	r := p.repository
	var text strings.Builder
	fmt.Fprintf(&text, "%s, commit %s, from %s\n", r.Name, r.Commit[:12], download.Redacted(p.hub.Endpoint))
	fmt.Fprintf(&text, "licence: %s\n", r.License)
	for _, note := range p.choice.Notes {
		fmt.Fprintf(&text, "note: %s\n", note)
	}
	files := fmt.Sprintf("%d files", len(p.choice.Files))
	if len(p.choice.Files) == 1 {
		files = p.choice.Files[0].Path
	}
	fmt.Fprintf(&text, "%s, %s, into %s\n", files, download.Size(p.choice.Bytes()), target)
	return confirm(p.invocation, text.String(), p.pull.Yes)
}

// confirm shows a text and asks whether to fetch, unless everything was said to be fetched.
func confirm(s invocation, text string, yes bool) error {
	if _, err := fmt.Fprint(s.stdout, text); err != nil || yes {
		return err
	}
	fmt.Fprint(s.stdout, "Fetch? [y/N] ")
	if !saysYes(s) {
		return errors.New("nothing was fetched; --yes fetches without asking")
	}
	return nil
}

// placed says where a pull has put something.
func (p *puller) placed(target string, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s: in place\n", target)
	return err
}

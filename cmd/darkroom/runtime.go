package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/render/device"
	"darkroom/render/download"
	"darkroom/render/onnx/install"
)

// runtimeSource says where runtimes come from. The zero value is the packages that are pinned; tests bring their own.
type runtimeSource struct {
	fetcher  *install.Fetcher
	runtimes []install.Runtime
}

func (s runtimeSource) all() []install.Runtime {
	if s.runtimes != nil {
		return s.runtimes
	}
	return install.All(device.Platform)
}

func (s runtimeSource) find(name string) (install.Runtime, error) {
	for _, r := range s.runtimes {
		if r.Name == name {
			return r, nil
		}
	}
	return install.Find(name, device.Platform)
}

func (s runtimeSource) fetch() install.Fetcher {
	if s.fetcher != nil {
		return *s.fetcher
	}
	return install.NewFetcher()
}

// pullRuntime fetches a runtime. It tells the sizes before, and how far it is.
func pullRuntime(ctx context.Context, s invocation) error {
	c := s.settings.Runtime.Pull
	r, err := s.runtimeSource.find(c.Name)
	if err != nil {
		return err
	}
	bar := newDownloadBar(s.environment)
	defer bar.Clear()
	p := install.Puller{
		Dir: c.Runtimes.Dir, Fetcher: s.runtimeSource.fetch(), Progress: showProgress(bar),
		Note: func(text string) { bar.Clear(); fmt.Fprintf(s.stderr, "note: %s\n", text) },
	}
	bar.Say("reading what is here")
	if p.IsWhole(r) {
		bar.Clear()
		_, err = fmt.Fprintf(s.stdout, "%s is in place already, whole: %s\n", r.Name, filepath.Join(p.Dir, r.Name))
		return err
	}
	bar.Clear()
	if err := announcePull(s.stdout, r, filepath.Join(p.Dir, r.Name)); err != nil {
		return err
	}
	dir, err := p.Pull(ctx, r)
	bar.Clear()
	if ctx.Err() != nil {
		return fmt.Errorf("stopped; what came of %s is kept, and the next pull goes on from there", r.Name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "%s is in place: %s\n", r.Name, dir)
	return err
}

// showProgress shows a pull in a bar; where nobody watches, in a line for each package besides.
func showProgress(bar *terminal.Bar) func(install.Progress) {
	shown := ""
	return func(p install.Progress) {
		if bar.Width == nil && shown != p.Package {
			fmt.Fprintf(bar.W, "fetching %s\n", p.Package)
		}
		shown = p.Package
		bar.Bytes(p.Done, p.Total)
		if p.Unpacking {
			bar.Say("unpacking " + p.Package)
		}
	}
}

// announcePull says what a runtime is and how large.
func announcePull(w io.Writer, r install.Runtime, dir string) error {
	_, err := fmt.Fprintf(w, "%s: ONNX Runtime %s, %s\n%s to download in %s, %s on disk in %s\n",
		r.Name, r.Version, r.Title, download.Size(r.Download()), count(len(r.Parts), "package"), download.Size(r.Disk()), dir)
	if err == nil && r.CUDA.Major > 0 {
		_, err = fmt.Fprintln(w, "NVIDIA's libraries have licences of their own: LICENSE-CUDA.txt, LICENSE-cuDNN.txt there")
	}
	return err
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// newDownloadBar is a bar at a terminal, and lines elsewhere.
func newDownloadBar(s environment) *terminal.Bar {
	b := &terminal.Bar{W: s.stderr, Now: time.Now}
	if s.errScreen != nil && s.getenv("TERM") != "dumb" {
		b.Width = func() int { return s.errScreen().Columns }
	}
	return b
}

// listRuntimes lists what can be pulled, what is here and what would be used.
func listRuntimes(_ context.Context, s invocation) error {
	r := s.settings.Runtime.List.Runtime
	m := s.machine(r)
	choices, err := m.ChooseAll(wanted(r))
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, known := range s.runtimeSource.all() {
		fmt.Fprintf(w, "%s\tONNX Runtime %s, %s\t%s to download, %s on disk\t%s\n", known.Name, known.Version, known.Title,
			download.Size(known.Download()), download.Size(known.Disk()), stateOf(known, m.Runtimes, choices))
	}
	fmt.Fprintln(w, "\nNot pulled by darkroom:")
	for _, o := range install.Others() {
		fmt.Fprintf(w, "%s\tfor %s\n\t%s\n\t%s\n", o.Name, o.For, o.From, o.Why)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return errors.Join(tellUsed(s.stdout, choices), err)
}

// stateOf says whether a runtime is here, whole, and used.
func stateOf(r install.Runtime, here []install.Installed, choices []device.Choice) string {
	for _, i := range here {
		if i.Name != r.Name {
			continue
		}
		words := []string{"installed"}
		switch {
		case i.Err != nil:
			words = []string{"not whole: pull it again"}
		case i.Version != r.Version:
			words = append(words, "of ONNX Runtime "+i.Version)
		}
		for _, c := range choices {
			if c.Runtime == r.Name {
				words = append(words, "used on "+c.String())
			}
		}
		return strings.Join(words, ", ")
	}
	return "-"
}

// tellUsed says what would render now, with which library.
func tellUsed(w io.Writer, choices []device.Choice) error {
	for _, c := range choices {
		if _, err := fmt.Fprintf(w, "\nWould render on %s (%s), with %s\n", c.Wanted, c.Reason, c.Library); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		if c.Fix != "" {
			fmt.Fprintf(w, "To use the card: %s\n", c.Fix)
		}
	}
	return nil
}

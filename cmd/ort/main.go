package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"darkroom/render/download"
	"darkroom/render/onnx/install"
	"darkroom/render/onnx/library"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{getenv: os.Getenv, fetcher: install.NewFetcher(), archives: install.CPU, out: os.Stdout}
	err := p.run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ort:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	ownLibrary string // a library to use as it is
	dir        string
	platform   string // "linux/amd64"
	from       string // only this source
	sha256     string // for a source without a pin
}

var hexHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func parse(args []string, getenv func(string) string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("ort", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.ownLibrary, "ort", getenv("ONNXRUNTIME_LIB"),
		"check this `library` and fetch nothing (also ONNXRUNTIME_LIB)")
	flags.StringVar(&o.dir, "dir", filepath.Join("bin", "lib"), "`folder` to put the library in")
	flags.StringVar(&o.platform, "platform", runtime.GOOS+"/"+runtime.GOARCH,
		"`os/arch` to fetch for: linux/amd64, linux/arm64 or darwin/arm64")
	flags.StringVar(&o.from, "from", "", "use only this `source`: release, pypi or npm")
	flags.StringVar(&o.sha256, "sha256", "", "the archive's `hash`, for --from release, which has none of its own")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.sha256 = strings.ToLower(o.sha256)
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected %q; see --help", flags.Arg(0))
	case o.from != "" && !slices.Contains([]string{install.Release, install.PyPI, install.NPM}, o.from):
		return o, fmt.Errorf("--from %q: want release, pypi or npm", o.from)
	case o.sha256 != "" && o.from != install.Release:
		return o, errors.New("--sha256 goes with --from release; the other sources have pinned hashes")
	case o.from == install.Release && o.sha256 == "":
		return o, errors.New(
			"--from release needs --sha256 HASH: no release archive was measured by this project, " +
				"so the hash must be one you vouch for",
		)
	case o.sha256 != "" && !hexHash.MatchString(o.sha256):
		return o, fmt.Errorf("--sha256 %q: want 64 hex digits", o.sha256)
	}
	return o, nil
}

// program is what the command works with.
type program struct {
	getenv   func(string) string
	fetcher  install.Fetcher
	archives func(platform string) install.Part // those that hold a platform's library
	out      io.Writer
}

func (p program) say(format string, a ...any) { fmt.Fprintf(p.out, "ort: "+format+"\n", a...) }

func (p program) run(ctx context.Context, args []string) error {
	o, err := parse(args, p.getenv, p.out)
	if err != nil {
		return err
	}
	if o.ownLibrary != "" {
		path, err := library.Find(o.ownLibrary)
		if err != nil {
			return err
		}
		p.say("using %s", path)
		return nil
	}
	goos, _, _ := strings.Cut(o.platform, "/")
	dest := filepath.Join(o.dir, library.Name(goos, library.Recommended))
	if o.from == "" && isPinned(p.archives(o.platform), install.HashFile(dest)) {
		p.say("%s is in place", dest)
		return nil
	}
	return p.fetch(ctx, o, dest)
}

// isPinned says whether a library's hash is one of the pins.
func isPinned(archives install.Part, sum string) bool {
	return sum != "" && slices.ContainsFunc(archives, func(a install.Archive) bool { return a.Members[0].SHA256 == sum })
}

// fetch tries the sources in order until one has delivered.
func (p program) fetch(ctx context.Context, o options, dest string) error {
	chosen := choose(o, p.archives(o.platform))
	if len(chosen) == 0 {
		return fmt.Errorf(
			"ONNX Runtime %s for %s: no known package; name a library of your own with --ort PATH or ONNXRUNTIME_LIB",
			library.Recommended, o.platform,
		)
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", o.dir, err)
	}
	for _, a := range chosen {
		err := p.deliver(ctx, a, dest)
		if err == nil {
			p.say("%s is in place, from %s", dest, a.Title())
			return nil
		}
		if ctx.Err() != nil {
			return errors.New("interrupted; nothing was changed")
		}
		p.say("not from %s: %v", a.Title(), err)
	}
	return fmt.Errorf(
		"no source delivered ONNX Runtime %s for %s; check the network or proxy (HTTPS_PROXY, PIP_INDEX_URL, "+
			"npm_config_registry), or name a library of your own with --ort PATH or ONNXRUNTIME_LIB",
		library.Recommended, o.platform,
	)
}

// choose lists the archives to try: the one asked for, or all that have a pinned hash.
func choose(o options, archives install.Part) install.Part {
	var chosen install.Part
	for _, a := range archives {
		if a.Source == o.from && a.SHA256 == "" {
			a.SHA256 = o.sha256
		}
		if a.SHA256 != "" && (o.from == "" || a.Source == o.from) {
			chosen = append(chosen, a)
		}
	}
	return chosen
}

// deliver brings the library out of one archive to dest, or changes nothing.
func (p program) deliver(ctx context.Context, a install.Archive, dest string) (err error) {
	work, err := os.MkdirTemp(filepath.Dir(dest), ".ort-*")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	a.Members = a.Members[:1] // the library; the texts beside it stay in the archive
	size := ""
	if a.Size > 0 {
		size = " (" + download.Size(a.Size) + ")"
	}
	p.say("fetching %s%s", a.File, size)
	if err := p.fetcher.Fetch(ctx, a, work, nil); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(work, a.Members[0].Name), dest); err != nil {
		return fmt.Errorf("put the library in place: %w", err)
	}
	return nil
}

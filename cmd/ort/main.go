package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"

	"darkroom/render/onnx/library"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := environment{getenv: os.Getenv, runTool: runTool}
	err := run(ctx, os.Args[1:], env, sources(env), http.DefaultClient, os.Stdout)
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
	case o.from != "" && o.from != "release" && o.from != "pypi" && o.from != "npm":
		return o, fmt.Errorf("--from %q: want release, pypi or npm", o.from)
	case o.sha256 != "" && o.from != "release":
		return o, errors.New("--sha256 goes with --from release; the other sources have pinned hashes")
	case o.from == "release" && o.sha256 == "":
		return o, errors.New(
			"--from release needs --sha256 HASH: no release archive was measured by this project, " +
				"so the hash must be one you vouch for",
		)
	case o.sha256 != "" && !hexHash.MatchString(o.sha256):
		return o, fmt.Errorf("--sha256 %q: want 64 hex digits", o.sha256)
	}
	return o, nil
}

func run(ctx context.Context, args []string, env environment, all []source, client *http.Client, out io.Writer) error {
	o, err := parse(args, env.getenv, out)
	if err != nil {
		return err
	}
	say := func(format string, a ...any) { fmt.Fprintf(out, "ort: "+format+"\n", a...) }
	if o.ownLibrary != "" {
		path, err := library.Find(o.ownLibrary)
		if err != nil {
			return err
		}
		say("using %s", path)
		return nil
	}
	goos, _, _ := strings.Cut(o.platform, "/")
	dest := filepath.Join(o.dir, library.Name(goos, version))
	if o.from == "" && isPinned(all, o.platform, hashOf(dest)) {
		say("%s is in place", dest)
		return nil
	}
	return fetch(ctx, o, all, client, dest, say)
}

// fetch tries the sources in order until one has delivered.
func fetch(
	ctx context.Context, o options, all []source, client *http.Client, dest string, say func(string, ...any),
) error {
	chosen := choose(o, all)
	if len(chosen) == 0 {
		return fmt.Errorf(
			"ONNX Runtime %s for %s: no known package; name a library of your own with --ort PATH or ONNXRUNTIME_LIB",
			version, o.platform,
		)
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", o.dir, err)
	}
	for _, s := range chosen {
		err := deliver(ctx, s, s.pins[o.platform], o, client, dest, say)
		if err == nil {
			say("%s is in place, from %s", dest, s.title)
			return nil
		}
		if ctx.Err() != nil {
			return errors.New("interrupted; nothing was changed")
		}
		say("not from %s: %v", s.title, err)
	}
	return fmt.Errorf(
		"no source delivered ONNX Runtime %s for %s; check the network or proxy (HTTPS_PROXY, PIP_INDEX_URL, "+
			"npm_config_registry), or name a library of your own with --ort PATH or ONNXRUNTIME_LIB",
		version, o.platform,
	)
}

// choose lists the sources to try: the one asked for, or all that have a pinned hash for the platform.
func choose(o options, all []source) []source {
	var chosen []source
	for _, s := range all {
		p, ok := s.pins[o.platform]
		if ok && (s.name == o.from || o.from == "" && p.sha256 != "") {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// deliver brings the library from one source to dest, or changes nothing.
func deliver(
	ctx context.Context, s source, p pin, o options, client *http.Client, dest string, say func(string, ...any),
) error {
	if p.sha256 == "" {
		p.sha256 = o.sha256
	}
	address, err := s.locate(ctx, document(client), p)
	if err != nil {
		return err
	}
	archive, err := download(ctx, client, address, o.dir, p, say)
	if err != nil {
		return err
	}
	defer os.Remove(archive)
	return extract(archive, dest, p)
}

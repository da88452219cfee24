// Soak runs the long forms of the tests, which cause faults again and again, and writes the results to
// docs/reliability.md. `make soak` calls it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1) //nolint:gocritic // there is nothing to clean up
	}
}

// options are the flags.
type options struct {
	reports  string   // where tests write their reports; it is kept, so that some tests can be run again
	page     string   // the file to write
	run      string   // tests to run; none for all
	parallel int      // tests of a package at once
	write    bool     // only write the page
	packages []string // to test
}

// run runs the tests and writes the page, also when a test failed: older reports stay.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.reports, 0o755); err != nil {
		return fmt.Errorf("make the folder of reports: %w", err)
	}
	var failed error
	if !o.write {
		failed = test(ctx, o, stdout, stderr)
	}
	reports, err := readReports(o.reports)
	if err != nil {
		return errors.Join(failed, err)
	}
	text := page(reports, describeMachine(ctx))
	if err := os.WriteFile(o.page, []byte(text), 0o644); err != nil {
		return errors.Join(failed, fmt.Errorf("write the page: %w", err))
	}
	fmt.Fprintf(stdout, "%s: %d faults\n", o.page, len(reports))
	return failed
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	o := options{}
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.reports, "facts", filepath.Join("bin", "facts"), "folder in which tests write their reports")
	f.StringVar(&o.page, "page", filepath.Join("docs", "reliability.md"), "file to write")
	f.StringVar(&o.run, "run", "", "run only tests that match")
	f.IntVar(&o.parallel, "parallel", 6, "tests of a package that run at once: most of them wait")
	f.BoolVar(&o.write, "write", false, "run no test, only write the page from older reports")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.packages = f.Args(); len(o.packages) == 0 {
		o.packages = []string{"./cmd/darkroom", "./bot/...", "./queue/...", "./store/..."}
	}
	return o, nil
}

// packageTimeout is how long the tests of one package may take.
const packageTimeout = 60 * time.Minute

// test runs the long forms, one package after the other: each needs the whole machine.
func test(ctx context.Context, o options, stdout, stderr io.Writer) error {
	dir, err := filepath.Abs(o.reports)
	if err != nil {
		return fmt.Errorf("folder of reports: %w", err)
	}
	args := []string{
		"test", "-count", "1", "-p", "1", "-timeout", packageTimeout.String(), "-parallel", fmt.Sprint(o.parallel),
	}
	if o.run != "" {
		args = append(args, "-run", o.run)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, o.packages...)...)
	cmd.Env = append(os.Environ(), "DARKROOM_SOAK=1", "DARKROOM_FACTS="+dir)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	return nil
}

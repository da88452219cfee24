package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version prints the version of this program.
func version(_ context.Context, s invocation) error {
	_, err := fmt.Fprintf(s.stdout, "darkroom %s, %s, %s/%s%s\n",
		revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH, buildNote)
	return err
}

// revision returns the module's version, or the commit it was built from.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	for _, set := range info.Settings {
		if set.Key == "vcs.revision" && len(set.Value) >= 12 {
			return set.Value[:12]
		}
	}
	return info.Main.Version
}

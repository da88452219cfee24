package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// commit is the commit that the Makefile built. Go notes it too, but not in a git worktree or with -buildvcs=false.
var commit string //nolint:gochecknoglobals // the linker sets only globals

// version prints the version of this program.
func version(_ context.Context, s invocation) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintf(s.stdout, "darkroom %s, %s, %s/%s%s\n",
		build(info, commit), runtime.Version(), runtime.GOOS, runtime.GOARCH, buildNote)
	return err
}

// revision names the program's version in a few letters, as images carry it.
func revision() string {
	info, _ := debug.ReadBuildInfo()
	return shortVersion(info, commit)
}

// shortVersion is the commit, else the module's version, else "dev".
func shortVersion(info *debug.BuildInfo, commit string) string {
	const letters = 12
	id := cmp.Or(commit, vcs(info, "vcs.revision"))
	id = id[:min(len(id), letters)]
	if id == "" && info != nil && info.Main.Version != "(devel)" {
		id = info.Main.Version
	}
	return cmp.Or(id, "dev")
}

// build describes the version for people: with the day of the commit, and whether the files were changed since.
func build(info *debug.BuildInfo, commit string) string {
	text := shortVersion(info, commit)
	if day := vcs(info, "vcs.time"); len(day) >= len("2006-01-02") {
		text += " of " + day[:len("2006-01-02")]
	}
	switch {
	case text == "dev":
		text += " (built without git, so the commit is not known)"
	case vcs(info, "vcs.modified") == "true":
		text += " with changes"
	}
	return text
}

// vcs is what Go noted about the repository at the build, empty for nothing.
func vcs(info *debug.BuildInfo, key string) string {
	if info == nil {
		return ""
	}
	for _, set := range info.Settings {
		if set.Key == key {
			return set.Value
		}
	}
	return ""
}

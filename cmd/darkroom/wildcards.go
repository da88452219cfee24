package main

import (
	"log/slog"
	"os"
	"sync"

	"darkroom/render/prompt/dynamic"
)

// wildcardFolder opens a folder of wildcards, which may be missing. Each entry that cannot be read is logged once.
func wildcardFolder(dir string, log *slog.Logger) dynamic.Folder {
	var said sync.Map
	return dynamic.Folder{FS: os.DirFS(dir), Bad: func(path string, err error) {
		if log == nil {
			return
		}
		if _, again := said.LoadOrStore(path, true); !again {
			log.Warn("a wildcard cannot be read; the others work", "folder", dir, "path", path, "error", err)
		}
	}}
}

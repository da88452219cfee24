//go:build cgo

package main

import (
	"slices"
	"sync"

	"darkroom/render/filehash"
)

// filesInUse tells once of each file that a renderer reads while it renders, before it reads it: whoever supervises its
// process knows then what it died of. Its methods may be called concurrently.
type filesInUse struct {
	tell func([]filehash.File)

	mu   sync.Mutex
	told map[filehash.File]bool
}

// use tells of files that are about to be read.
func (u *filesInUse) use(files []filehash.File) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.told == nil {
		u.told = map[filehash.File]bool{}
	}
	fresh := slices.DeleteFunc(slices.Clone(files), func(f filehash.File) bool { return u.told[f] })
	for _, f := range fresh {
		u.told[f] = true
	}
	if len(fresh) > 0 {
		u.tell(fresh)
	}
}

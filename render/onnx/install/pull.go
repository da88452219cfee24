package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/download"
)

// Progress is how far a Pull is.
type Progress struct {
	Package     string // whose archive is under way
	Done, Total int64  // bytes of all archives
	Unpacking   bool   // the archive came, its libraries are copied out of it
}

// Puller brings whole runtimes into a folder.
type Puller struct {
	Dir      string // of all runtimes; one of them is Dir/NAME
	Fetcher  Fetcher
	Progress func(Progress)          // may be nil
	Note     func(string)            // told why one source of several was passed over; may be nil
	rename   func(a, b string) error // os.Rename, or a test's
}

// errOther says that another process pulls the same runtime.
var errOther = errors.New("another process pulls it; wait until that has ended")

// Pull brings a runtime and returns its folder. One that is whole already is checked against the pinned hashes and left
// alone. Before anything is fetched, Pull checks that the disk has room.
//
// The runtime's folder appears whole, or not at all. What came before an error is kept beside it, hidden, and the next
// Pull goes on from there. An older runtime of that name stays until the new one is whole.
func (p Puller) Pull(ctx context.Context, r Runtime) (string, error) {
	place := filepath.Join(p.Dir, r.Name)
	if p.IsWhole(r) {
		return place, nil
	}
	stage := filepath.Join(p.Dir, "."+r.Name+".part")
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	unlock, err := lockFolder(stage)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.Name, err)
	}
	defer unlock()
	dropHalves(stage)
	adopt(place, stage, r)
	used, err := p.fill(ctx, stage, r)
	if err != nil {
		_ = os.Remove(stage) // fails where something came
		return "", err
	}
	if err := errors.Join(sweep(stage, used), writeManifest(stage, r, used)); err != nil {
		return "", err
	}
	return place, p.replace(stage, place)
}

// IsWhole tells whether this very runtime lies in its place, by the hashes of all its files. That reads them all.
func (p Puller) IsWhole(r Runtime) bool {
	place := filepath.Join(p.Dir, r.Name)
	m, err := readManifest(place)
	if err != nil || m.Version != r.Version {
		return false
	}
	for _, part := range r.Parts {
		if _, ok := part.in(place); !ok {
			return false
		}
	}
	return true
}

// in returns the archive of the part whose members all lie in a folder.
func (p Part) in(dir string) (Archive, bool) {
	for _, a := range p {
		whole := true
		for _, m := range a.Members {
			whole = whole && m.in(dir)
		}
		if whole {
			return a, true
		}
	}
	return Archive{}, false
}

// dropHalves removes what a process left that was killed while it unpacked.
func dropHalves(stage string) {
	halves, _ := filepath.Glob(filepath.Join(stage, unpackPattern)) // the pattern is well formed
	for _, path := range halves {
		_ = os.Remove(path) // one that stays is removed with what else is not needed
	}
}

// adopt gives good files of an earlier runtime in its place a second name in the stage, so that they are not fetched
// again. Where that is not possible, they are.
func adopt(place, stage string, r Runtime) {
	for _, part := range r.Parts {
		for _, a := range part {
			for _, m := range a.Members {
				if m.in(place) && !m.in(stage) {
					_ = os.Link(filepath.Join(place, m.Name), filepath.Join(stage, m.Name))
				}
			}
		}
	}
}

// fill brings the parts that the stage lacks, and returns the archives that the stage's files are of.
func (p Puller) fill(ctx context.Context, stage string, r Runtime) ([]Archive, error) {
	used := make([]Archive, len(r.Parts))
	done := int64(0)
	var missing []int
	for i, part := range r.Parts {
		a, ok := part.in(stage)
		if !ok {
			missing = append(missing, i)
			continue
		}
		used[i] = a
		done += part[0].Size
	}
	if err := p.checkSpace(stage, r, missing); err != nil {
		return nil, err
	}
	for _, i := range missing {
		a, err := p.part(ctx, r, r.Parts[i], stage, done)
		if err != nil {
			return nil, err
		}
		used[i] = a
		done += r.Parts[i][0].Size
	}
	return used, nil
}

// sweep removes what does not belong to the runtime: the rest of a source that broke off before another one delivered.
func sweep(stage string, used []Archive) error {
	keep := map[string]bool{}
	for _, a := range used {
		for _, m := range a.Members {
			keep[m.Name] = true
		}
	}
	entries, err := os.ReadDir(stage)
	if err != nil {
		return fmt.Errorf("look at what came: %w", err)
	}
	for _, e := range entries {
		if keep[e.Name()] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(stage, e.Name())); err != nil {
			return fmt.Errorf("remove what is not needed: %w", err)
		}
	}
	return nil
}

// checkSpace compares what the disk must hold at once, which is everything unpacked and the archive at work, with what
// it has.
func (p Puller) checkSpace(stage string, r Runtime, missing []int) error {
	var unpacked, need int64
	for _, i := range missing {
		a := r.Parts[i][0]
		unpacked += a.Unpacked()
		archive := filepath.Join(stage, a.File)
		need = max(need, unpacked+a.Size-sizeOf(archive)-sizeOf(archive+".part"))
	}
	if have := p.Fetcher.Client.FreeBytes(stage); have >= 0 && need > have {
		return fmt.Errorf("%s needs %s on the disk of %s while it is made, %s are free; make room, or name another "+
			"folder with --runtimes", r.Name, download.Size(need), p.Dir, download.Size(have))
	}
	return nil
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// part brings one part from the first of its sources that delivers.
func (p Puller) part(ctx context.Context, r Runtime, part Part, stage string, before int64) (Archive, error) {
	var last error
	for _, a := range part {
		tell := func(done, total int64) {
			if p.Progress != nil {
				// Of another source than the first, the archive has another size.
				share := int64(float64(done) / float64(max(total, 1)) * float64(part[0].Size))
				p.Progress(Progress{a.Project, before + share, r.Download(), done == total})
			}
		}
		last = p.Fetcher.Fetch(ctx, a, stage, tell)
		if last == nil {
			return a, nil
		}
		if ctx.Err() != nil || isFull(last) {
			break
		}
		if len(part) > 1 && p.Note != nil {
			p.Note(fmt.Sprintf("not from %s: %v", a.Title(), last))
		}
	}
	return Archive{}, fmt.Errorf("%s: %w", r.Name, last)
}

// isFull tells whether a disk is full: no other source helps.
func isFull(err error) bool {
	_, space := errors.AsType[*download.SpaceError](err)
	return space || errors.Is(err, errFullDisk)
}

// replace puts the stage in its place, and removes what was there. If the program ends between the two renames, the
// stage is whole, and the next Pull has nothing to fetch.
func (p Puller) replace(stage, place string) error {
	rename := p.rename
	if rename == nil {
		rename = os.Rename
	}
	old := stage + ".old"
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("remove what is left of an earlier pull: %w", err)
	}
	if err := rename(place, old); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("move the old runtime away: %w", err)
	}
	if err := rename(stage, place); err != nil {
		return fmt.Errorf("put the runtime in place: %w", err)
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("remove the old runtime: %w", err)
	}
	return nil
}

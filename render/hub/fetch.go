package hub

import (
	"context"
	"crypto/sha1" //nolint:gosec // git names blobs by it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/download"
)

// Fetch brings the files of a choice into a folder, each to its place. Before anything is fetched it checks that the
// disk has room for all that is missing. What is there already, whole or in part, is used. Progress, which may be nil,
// is told the bytes of all files.
func (c *Client) Fetch(ctx context.Context, r *Repository, choice Choice, dir string, progress func(done, total int64)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if err := c.checkSpace(choice, dir); err != nil {
		return err
	}
	var before int64
	total := choice.Bytes()
	for _, f := range choice.Files {
		tell := func(done, _ int64) {
			if progress != nil {
				progress(before+done, total)
			}
		}
		if err := c.Download.Fetch(ctx, c.file(r, f, target(choice, f, dir)), tell); err != nil {
			return c.explain(r.Name, f.Path, err)
		}
		before += f.Size
	}
	return nil
}

// InPlace tells whether all files of a choice lie whole in a folder.
func (c *Client) InPlace(r *Repository, choice Choice, dir string) bool {
	for _, f := range choice.Files {
		if !c.file(r, f, target(choice, f, dir)).InPlace() {
			return false
		}
	}
	return true
}

// Paths is the set of the paths of a choice's files in a folder.
func (c Choice) Paths(dir string) map[string]bool {
	all := map[string]bool{}
	for _, f := range c.Files {
		all[target(c, f, dir)] = true
	}
	return all
}

func target(choice Choice, f File, dir string) string {
	return filepath.Join(dir, filepath.FromSlash(choice.Place(f)))
}

func (c *Client) file(r *Repository, f File, to string) download.File {
	return download.File{
		URL: c.address(r, f), Path: to, Size: f.Size, SHA256: f.SHA256, Blob: f.Blob, Header: c.header(),
	}
}

func (c *Client) address(r *Repository, f File) string {
	return c.endpoint() + "/" + r.Name.Repository() + "/resolve/" + r.Commit + "/" + escape(f.Path)
}

// checkSpace compares what is still to come with what the disk has.
func (c *Client) checkSpace(choice Choice, dir string) error {
	var need int64
	for _, f := range choice.Files {
		to := target(choice, f, dir)
		need += f.Size - max(sizeOf(to), sizeOf(to+".part"))
	}
	if have := c.Download.FreeBytes(dir); have >= 0 && need > have {
		return &download.SpaceError{Dir: dir, Need: need, Free: have}
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

// maxSmall bounds a file that is read into memory; a model_index.json has less than a kilobyte.
const maxSmall = 1 << 20

// small reads a small file of a commit.
func (c *Client) small(ctx context.Context, r *Repository, f File) ([]byte, error) {
	if f.Size > maxSmall {
		return nil, fmt.Errorf("%s: %s has %s, want a small file", r.Name, f.Path, download.Size(f.Size))
	}
	data, _, err := c.Download.Document(ctx, c.address(r, f), c.header(), f.Size)
	if err != nil {
		return nil, c.explain(r.Name, f.Path, err)
	}
	if !f.holds(data) {
		return nil, fmt.Errorf("%s: %s is not the file that the hub lists", r.Name, f.Path)
	}
	return data, nil
}

// holds tells whether the file's content is data.
func (f File) holds(data []byte) bool {
	if f.SHA256 != "" {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:]) == f.SHA256
	}
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:]) == f.Blob
}

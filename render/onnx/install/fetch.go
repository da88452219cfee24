package install

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"darkroom/render/download"
	"darkroom/render/registry"
)

// maxDocument bounds a registry's answer; the largest index of these packages has about 0.5 MB.
const maxDocument = 16 << 20

// releaseURL is where ONNX Runtime's official archives lie.
const releaseURL = "https://github.com/microsoft/onnxruntime/releases/download"

// Fetcher brings single archives. The zero value lacks where registries are: use NewFetcher.
type Fetcher struct {
	Registries registry.Settings
	Client     *download.Client
}

// NewFetcher returns a Fetcher that finds registries as the tools on this machine do. A registry of the operator's own
// may be one without TLS: what comes from it is checked against pinned hashes.
func NewFetcher() Fetcher {
	return Fetcher{Registries: registry.System(), Client: &download.Client{PlainHTTP: true}}
}

// Locate returns the address of an archive. It may hold credentials.
func (f Fetcher) Locate(ctx context.Context, a Archive) (string, error) {
	switch a.Source {
	case PyPI:
		return f.Registries.Wheel(ctx, f.document, a.Project, a.File)
	case NPM:
		return f.Registries.Tarball(ctx, f.document, a.Project, a.Version)
	case Release:
		return releaseURL + "/v" + a.Version + "/" + a.File, nil
	}
	return "", fmt.Errorf("%s: no source of packages is called %q", a.File, a.Source)
}

func (f Fetcher) document(ctx context.Context, address, accept string) ([]byte, error) {
	body, _, err := f.Client.Document(ctx, address, http.Header{"Accept": {accept}}, maxDocument)
	return body, err
}

// errUnpinned says that an archive has no hash to check it by.
var errUnpinned = errors.New("no hash is known for it")

// Fetch brings an archive's members into a folder. Progress, which may be nil, is told the bytes of the archive; the
// last call of a download has done equal to total. What came of an archive that broke off stays in the folder, as
// FILE.part, for the next Fetch; a wrong archive is removed.
func (f Fetcher) Fetch(ctx context.Context, a Archive, dir string, progress func(done, total int64)) error {
	if a.SHA256 == "" {
		return fmt.Errorf("%s: %w", a.File, errUnpinned)
	}
	address, err := f.Locate(ctx, a)
	if err != nil {
		return err
	}
	archive := filepath.Join(dir, a.File)
	file := download.File{URL: address, Path: archive, Size: a.Size, SHA256: a.SHA256}
	if err := f.Client.Fetch(ctx, file, progress); err != nil {
		return err
	}
	err = unpack(ctx, archive, dir, a)
	if ctx.Err() != nil || errors.Is(err, errFullDisk) {
		return err // the archive is good, and the next Fetch need not bring it again
	}
	return errors.Join(err, os.Remove(archive))
}

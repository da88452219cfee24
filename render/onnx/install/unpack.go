package install

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLibrary bounds a member whose size is not known; the largest library for a CPU has 38 MB.
const maxLibrary = 512 << 20

// unpackPattern names the files that grow while they are unpacked.
const unpackPattern = ".unpack-*"

// unpack copies an archive's members out of the file at path into a folder, each through a temporary file beside it,
// and checks them. Nothing else is unpacked. What is in the folder already, with the right hash, stays.
func unpack(ctx context.Context, path, dir string, a Archive) error {
	wanted := map[string]Member{}
	for _, m := range a.Members {
		if !m.in(dir) {
			wanted[m.Path] = m
		}
	}
	each := eachInTar
	if strings.HasSuffix(a.File, ".whl") {
		each = eachInZip
	}
	err := each(path, wanted, func(m Member, in io.Reader) error {
		delete(wanted, m.Path)
		return m.save(ctx, in, dir)
	})
	if err != nil {
		return err
	}
	for name := range wanted {
		return fmt.Errorf("the archive has no %s", name)
	}
	return nil
}

// eachInZip hands on the wanted members of a wheel, one after the other.
func eachInZip(path string, wanted map[string]Member, use func(Member, io.Reader) error) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	defer z.Close()
	for _, f := range z.File {
		m, ok := wanted[f.Name]
		if !ok {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return fmt.Errorf("open %s: %w", f.Name, err)
		}
		if err := errors.Join(use(m, in), in.Close()); err != nil {
			return err
		}
	}
	return nil
}

// eachInTar hands on the wanted members of a compressed tar file, and stops after the last of them.
func eachInTar(path string, wanted map[string]Member, use func(Member, io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	for t := tar.NewReader(unzipped); len(wanted) > 0; {
		header, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		m, ok := wanted[strings.TrimPrefix(header.Name, "./")]
		if !ok || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := use(m, t); err != nil {
			return err
		}
	}
	return nil
}

// save writes a member into a folder and checks it.
func (m Member) save(ctx context.Context, in io.Reader, dir string) error {
	out, err := os.CreateTemp(dir, unpackPattern)
	if err != nil {
		return fmt.Errorf("make a temporary file: %w", err)
	}
	defer os.Remove(out.Name()) // does nothing once the file was renamed
	sum, limit := sha256.New(), int64(maxLibrary)
	if m.Size > 0 {
		limit = m.Size + 1
	}
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(stoppable{ctx, in}, limit))
	if err := errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("unpack %s: %w", m.Path, fullDisk(err, dir))
	}
	if m.Size > 0 && n != m.Size {
		return fmt.Errorf("%s has %d bytes or more, want %d", m.Path, n, m.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); m.SHA256 != "" && got != m.SHA256 {
		return fmt.Errorf("%s: its SHA-256 is %s, want %s", m.Path, got, m.SHA256)
	}
	if err := os.Rename(out.Name(), filepath.Join(dir, m.Name)); err != nil {
		return fmt.Errorf("put %s in place: %w", m.Name, err)
	}
	return nil
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context //nolint:containedctx // of one copy
	io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.Reader.Read(p)
}

// errFullDisk says that the disk filled up on the way.
var errFullDisk = errors.New("the disk is full")

func fullDisk(err error, dir string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%s: %w", dir, errFullDisk)
	}
	return err
}

// in tells whether a measured member lies in a folder with the right content.
func (m Member) in(dir string) bool {
	path := filepath.Join(dir, m.Name)
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && m.SHA256 != "" && info.Size() == m.Size && HashFile(path) == m.SHA256
}

// HashFile returns the SHA-256 of a file in lower-case hex, or "" where it cannot be read.
func HashFile(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

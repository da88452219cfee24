package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxLibrary bounds what is unpacked; the largest measured library has 38 MB, CUDA builds' main library is smaller.
const maxLibrary = 512 << 20

// extract copies the one member out of a checked archive into dest, through a temporary file beside it, and
// checks its hash where the pin has one. Nothing else is unpacked.
func extract(archive, dest string, p pin) error {
	member, done, err := openMember(archive, p)
	if err != nil {
		return err
	}
	defer done()
	out, err := os.CreateTemp(filepath.Dir(dest), ".ort-*")
	if err != nil {
		return fmt.Errorf("make a temporary file: %w", err)
	}
	defer os.Remove(out.Name()) // does nothing once the file was renamed
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), io.LimitReader(member, maxLibrary))
	if err := errors.Join(err, out.Chmod(0o644), out.Close()); err != nil {
		return fmt.Errorf("unpack %s: %w", p.member, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); p.library != "" && got != p.library {
		return fmt.Errorf("the library's SHA-256 is %s, want %s", got, p.library)
	}
	if err := os.Rename(out.Name(), dest); err != nil {
		return fmt.Errorf("put the library in place: %w", err)
	}
	return nil
}

func openMember(archive string, p pin) (io.Reader, func(), error) {
	if strings.HasSuffix(p.file, ".whl") {
		return openZip(archive, p.member)
	}
	return openTar(archive, p.member)
}

func openZip(archive, member string) (io.Reader, func(), error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("open the archive: %w", err)
	}
	f, err := z.Open(member)
	if err != nil {
		z.Close()
		return nil, nil, fmt.Errorf("the archive has no %s", member)
	}
	return f, func() { f.Close(); z.Close() }, nil
}

func openTar(archive, member string) (io.Reader, func(), error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("open the archive: %w", err)
	}
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("open the archive: %w", err)
	}
	for t := tar.NewReader(unzipped); ; {
		header, err := t.Next()
		if err != nil {
			f.Close()
			if errors.Is(err, io.EOF) {
				return nil, nil, fmt.Errorf("the archive has no %s", member)
			}
			return nil, nil, fmt.Errorf("read the archive: %w", err)
		}
		if strings.TrimPrefix(header.Name, "./") == member && header.Typeflag == tar.TypeReg {
			return t, func() { f.Close() }, nil
		}
	}
}

// hashOf returns the SHA-256 of a file, or "" where it cannot be read.
func hashOf(path string) string {
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

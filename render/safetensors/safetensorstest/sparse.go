// Package safetensorstest writes safetensors files for fuzz tests, from texts that a fuzzer can change: whatever they
// say, the file is a sound one, so that it is not the header that is refused.
package safetensorstest

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Write writes a file of zeros with a tensor for each line "F16 320,4,3,3 a.key of any form", and "# name value" lines
// as metadata, and returns its path. Lines of another form, and of tensors of more than most bytes, are left out. ok is
// false where all tensors together are larger. They are holes, which take no room until they are read.
func Write(t testing.TB, lines string, most int64) (path string, ok bool) {
	t.Helper()
	header, at := map[string]any{}, int64(0)
	metadata := map[string]string{}
	for line := range strings.Lines(lines) {
		first, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		second, third, found := strings.Cut(rest, " ")
		if first == "#" {
			metadata[second] = third
			continue
		}
		shape, bytes := parseShape(second, first, most)
		if _, twice := header[third]; !found || twice || bytes < 0 {
			continue
		}
		header[third] = map[string]any{"dtype": first, "shape": shape, "data_offsets": []int64{at, at + bytes}}
		if at += bytes; at > most {
			return "", false
		}
	}
	header["__metadata__"] = metadata
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "fuzzed.safetensors")
	data := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, os.Truncate(path, int64(len(data))+at) == nil
}

// parseShape reads "320,4,3,3" and how many bytes that is; -1 for what is no shape or no type.
func parseShape(text, dtype string, most int64) (shape []int64, bytes int64) {
	size, known := map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "I64": 8, "U8": 1}[dtype]
	if !known {
		return nil, -1
	}
	bytes, shape = size, []int64{}
	for d := range strings.SplitSeq(text, ",") {
		if d == "" {
			continue
		}
		n, err := strconv.ParseInt(d, 10, 32)
		if err != nil || n < 0 || n > 0 && bytes > most/n {
			return nil, -1
		}
		shape, bytes = append(shape, n), bytes*n
	}
	return shape, bytes
}

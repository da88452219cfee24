package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/filehash"
)

// TestSumOfAddons: A1111 names a LoRA by what follows its header, 8 bytes of length and the header, and everything else
// by the whole file.
func TestSumOfAddons(t *testing.T) {
	t.Parallel()
	for kind, file := range map[Kind]string{
		LoRA: "lora/stained-glass.safetensors", Embedding: "embeddings/kite.safetensors",
		Hypernetwork: "hypernetworks/sepia.safetensors",
	} {
		path := filepath.Join("..", "demo", "addons", file)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		named := data
		if kind == LoRA {
			named = data[8+int(data[0])+int(data[1])<<8+int(data[2])<<16:]
		}
		got, err := Sum(Item{Kind: kind, Path: path}, nil, filehash.Open(""), nil)
		if want, wantShort := digest(data), digest(named)[:12]; err != nil || got.Hash != want || got.Short != wantShort {
			t.Errorf("%s: got the hashes %s and %s, %v, want %s and %s", file, got.Hash, got.Short, err, want, wantShort)
		}
	}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

package hypernet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/addon/hypernet"
	"darkroom/render/addon/hypernet/hypernettest"
	"darkroom/render/safetensors/safetensorstest"
	"darkroom/render/tensor"
)

// FuzzOpen reads hypernetworks with any tensors and settings, and torch files of any bytes. One that can be read can be
// applied; what is none is refused in one short line.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("F32 12,4 4.0.linear.0.weight\nF32 12 4.0.linear.0.bias\nF32 4,12 4.0.linear.1.weight\n" +
		"F32 4 4.0.linear.1.bias\nF32 12,4 4.1.linear.0.weight\nF32 12 4.1.linear.0.bias\nF32 4,12 4.1.linear.1.weight\n" +
		"F32 4 4.1.linear.1.bias\n# layer_structure [1,3,1]\n# activation_func relu\n# name ink\n"))
	f.Add([]byte("F16 8,4 4.0.linear1.weight\nF16 8 4.0.linear1.bias\n" +
		"# is_layer_norm true\n# dropout_structure [0,0.5,0]\n"))
	demo, err := os.ReadFile("../../demo/addons/hypernetworks/sepia.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(demo[:1200])
	var record addontest.Torch
	addontest.ReadRecord(f, "torch.json.gz", &record)
	for name := range record.Outputs {
		data, err := os.ReadFile(addontest.Save(f, name+".pt", record.Hypernets[name+".pt"]))
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 64<<10 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.pt")
		if !strings.HasPrefix(string(data), "PK") {
			var ok bool
			if path, ok = safetensorstest.Write(t, string(data), 1<<24); !ok {
				return
			}
		} else if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := hypernet.Open(path)
		if err != nil {
			if len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %.2000q, want one short line", err)
			}
			return
		}
		n.Families()
		n.TextWidths()
		for width, pair := range n.Widths {
			for _, m := range []hypernet.Module{pair.Key, pair.Value} {
				if _, err := hypernettest.Apply(m, tensor.New(1, width), 0.5); err != nil {
					t.Errorf("width %d: %v", width, err)
				}
			}
		}
	})
}

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/pipeline"
)

// writeGraphs writes a checkpoint's networks as ONNX files without weights, as they are for a GPU: with places for
// add-ons. render/bench/budget.py reads them.
func (s settings) writeGraphs() error {
	m, err := pipeline.Open(s.model, folder.Unhashed())
	if err != nil {
		return err
	}
	networks := map[string]folder.Network{
		"unet": m.UnetNetwork(), "vae_decoder": m.DecoderNetwork(), "vae_encoder": m.EncoderNetwork(),
	}
	for i, part := range m.Config.Family.TextParts() {
		networks[part] = m.TextEncoderNetwork(i)
	}
	for part, n := range networks {
		if n.Written == nil {
			return fmt.Errorf("%s is an ONNX folder, want a checkpoint", s.model)
		}
		w, err := n.Written.Write(graph.WriteOptions{Float16: true, Converted: true, NoResize: true, Branches: true})
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.graphs, part+".onnx"), w.Model, 0o600); err != nil {
			return err
		}
	}
	return nil
}

package onnx

import (
	"fmt"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// port is an input or output as the loaded network has it: of float32 where the network was widened.
func (s *session) port(v graph.Value) graph.Value {
	if s.widened && v.Type == graph.Float16 {
		v.Type = graph.Float
	}
	return v
}

// feed is feedFloats for an input as the loaded network has it.
func (s *session) feed(port graph.Value, t tensor.Tensor) (feed, error) {
	return feedFloats(s.port(port), t)
}

// Warnings lists the networks that run in float16 on a CPU after all, and why. Their images are some tenths of a
// percent further from the reference.
func (m *Model) Warnings() []error {
	var all []error
	for _, s := range m.sessions() {
		if s.warning != nil {
			all = append(all, fmt.Errorf("%s stays in float16: %w", s.path, s.warning))
		}
	}
	return all
}

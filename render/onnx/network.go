package onnx

import (
	"context"
	"fmt"
	"slices"

	"darkroom/render/folder"
	"darkroom/render/tensor"
)

// Network is a network of its own, such as a safety checker: one input, and outputs of fixed
// size for each item. Its methods may
// be called concurrently.
type Network struct {
	of      folder.Network
	session *session
}

// LoadNetwork loads a network on a device. Open must have been called. The caller closes it.
func LoadNetwork(n folder.Network, device Device) (*Network, error) {
	if Version() == "" {
		return nil, ErrNotOpen
	}
	if len(n.Inputs) != 1 {
		return nil, fmt.Errorf("load %s: inputs %v, want one", n.Path, n.Inputs)
	}
	for _, v := range n.Outputs {
		if len(v.Dims) == 0 || slices.Contains(v.Dims[1:], 0) {
			return nil, fmt.Errorf("load %s: output %v, want fixed dimensions", n.Path, v)
		}
	}
	s, err := newSession(n, device)
	if err != nil {
		return nil, err
	}
	return &Network{n, s}, nil
}

// Close frees the network's memory once its running calls have returned.
func (n *Network) Close() error {
	if n == nil {
		return nil
	}
	return n.session.close()
}

// Run runs the network on a tensor whose first dimension counts items, in as many runs as it needs, and returns its
// outputs in their order. All their other dimensions must be fixed.
func (n *Network) Run(ctx context.Context, input tensor.Tensor) ([]tensor.Tensor, error) {
	if err := input.Check(); err != nil {
		return nil, fmt.Errorf("run %s: %w", n.of.Path, err)
	}
	return n.run(ctx, input.Batch(), func(from, to int) (feed, error) {
		return n.session.feed(n.of.Inputs[0], input.Rows(from, to))
	})
}

// run runs the network on so many items, a part of which input feeds.
func (n *Network) run(ctx context.Context, items int, input func(from, to int) (feed, error)) ([]tensor.Tensor, error) {
	all := make([]tensor.Tensor, len(n.of.Outputs))
	for i, v := range n.of.Outputs {
		shape := slices.Clone(v.Dims)
		shape[0] = items
		all[i] = tensor.New(shape...)
	}
	return all, n.session.inBatches(items, func(from, to int) error {
		out := make([]tensor.Tensor, len(all))
		for i, t := range all {
			out[i] = t.Rows(from, to)
		}
		in, err := input(from, to)
		return n.session.call(ctx, n.of.Outputs, out, err, in)
	})
}

// RunIDs is Run for a text encoder, on rows of token ids of one length.
func (n *Network) RunIDs(ctx context.Context, rows [][]int32) ([]tensor.Tensor, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("run %s: no rows", n.of.Path)
	}
	return n.run(ctx, len(rows), func(from, to int) (feed, error) { return feedIDs(n.of.Inputs[0], rows[from:to]) })
}

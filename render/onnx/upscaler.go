package onnx

import (
	"context"
	"fmt"
	"image"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// Upscaler is a loaded network for larger images. It implements upscale.Upscaler.
type Upscaler struct {
	*folder.Upscaler
	session *session
	device  Device
}

// OpenUpscaler loads an upscaler. Open must have been called. The caller closes it.
func OpenUpscaler(u *folder.Upscaler, device Device) (*Upscaler, error) {
	if Version() == "" {
		return nil, ErrNotOpen
	}
	s, err := newSession(u.Network(), upscalerDevice(device))
	if err != nil {
		return nil, fmt.Errorf("load upscaler: %w", err)
	}
	return &Upscaler{u, s, device}, nil
}

// upscalerDevice is the device as upscalers use it. Their weights are small, and each is used for many tiles, so they
// are packed. Their activations are large, and an arena would hold them until the end.
func upscalerDevice(d Device) Device {
	d.Mapped, d.Packed, d.noArena = false, true, true
	return d
}

// Trim gives memory of earlier runs back to the system, where the allocator keeps it.
func (u *Upscaler) Trim() { trimHeap() }

// Close frees the upscaler's memory once its running calls have returned.
func (u *Upscaler) Close() error {
	err := u.session.close()
	trimHeap()
	return err
}

// overhead is what a run takes beside the activations that it holds at once: copies into the layout of the
// convolutions. docs/upscalers.md has measurements.
const overhead = 1.5

// Traits are what must be known of the network.
func (u *Upscaler) Traits() upscale.Traits {
	each := 4.0
	if u.device.Kind != CPU && (u.Network().Written != nil || u.Image.Type == graph.Float16) {
		each = 2
	}
	return upscale.Traits{
		Scale: u.Scale, Multiple: u.Multiple, Tile: image.Pt(u.Tile.Width, u.Tile.Height), Runs: u.Runs,
		BytesPerPixel: each * overhead * u.Peak,
	}
}

// Upscale enlarges RGB [b,3,h,w] from 0 to 1.
func (u *Upscaler) Upscale(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error) {
	if err := pixels.Check(); err != nil || len(pixels.Shape) != 4 {
		return tensor.Tensor{}, fmt.Errorf("upscale: pixels %v, want [b,3,h,w]", pixels.Shape)
	}
	scale := u.Scale
	out := tensor.New(pixels.Shape[0], 3, pixels.Shape[2]*scale, pixels.Shape[3]*scale)
	err := u.session.inBatches(pixels.Batch(), func(from, to int) error {
		in, err := u.session.feed(u.Image, pixels.Rows(from, to))
		return u.session.callSingle(ctx, u.Enlarged, out.Rows(from, to), err, in)
	})
	return withStep(out, "upscale", err)
}

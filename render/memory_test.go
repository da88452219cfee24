package render

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"darkroom/render/tensor"
)

// meteredModel is a model on a device with little memory. A run of the UNet needs as much as its latents have values, a
// run of the VAE's decoder twenty times its places, and the encoders hold some while they are on the device.
type meteredModel struct {
	*fakeModel
	room, encoders int // what the device has, and what the encoders hold of it
	others         int // what other models hold of it
	refused        int // runs for which there was no memory
	shrunk         int
}

var errDevice = fmt.Errorf("%w: Failed to allocate memory for requested buffer of size 1048576", tensor.ErrOutOfMemory)

func (m *meteredModel) take(size int) error {
	if size <= m.room-m.encoders-m.others {
		return nil
	}
	m.refused++
	return errDevice
}

func (m *meteredModel) Unet(
	ctx context.Context, x tensor.Tensor, time float64, c Conditioning,
) (tensor.Tensor, error) {
	if err := m.take(len(x.Data)); err != nil {
		return tensor.Tensor{}, err
	}
	return m.fakeModel.Unet(ctx, x, time, c)
}

func (m *meteredModel) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	if err := m.take(20 * l.Shape[2] * l.Shape[3]); err != nil {
		return tensor.Tensor{}, err
	}
	return m.fakeModel.DecodeLatents(ctx, l)
}

func (m *meteredModel) DeviceBytes() (int64, error) { return int64(m.room - m.shrunk), nil }

func (m *meteredModel) ShrinkMemory() error { m.shrunk++; return nil }

func (m *meteredModel) MoveEncoders() (bool, error) {
	moved := m.encoders > 0
	m.encoders = 0
	return moved, nil
}

// metered returns a renderer whose device has so much memory.
func metered(t *testing.T, room, encoders, others int, o Options) (*Renderer, *meteredModel) {
	t.Helper()
	m := &meteredModel{fakeModel: &fakeModel{}, room: room, encoders: encoders, others: others}
	parts := m.parts()
	parts.Unet, parts.Decoder, parts.Memory, parts.Tokenizers = m, m, m, tokenizers(t)
	parts.MakeRoom = func() bool {
		some := m.others > 0
		m.others = 0
		return some
	}
	r, err := New(parts, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

// TestOutOfMemory: when memory runs out, runs become smaller, then the VAE works in tiles, then the encoders leave the
// device: in this order, each told once. The next job begins there: no run of it is refused. Its images are those of a
// device with plenty.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Count, s.Width, s.Height = 4, 64, 64 // the UNet needs 256 for each image and prompt, the decoder 1280
	o := Options{VAETileSide: 32}          // a tile needs 320
	plenty, _ := metered(t, 1<<20, 0, 0, o)
	want := mustRender(t, plenty, s, Job{})
	if want.LowMemory || want.Memory != nil {
		t.Fatalf("a device with plenty is short: %q", want.Memory)
	}
	r, m := metered(t, 600, 300, 0, o)
	got := mustRender(t, r, s, Job{})
	checkSteps(t, got.Memory, "at most 4 of 8", "at most 2 of 4", "at most 1 of 2",
		"decoder works in tiles of 32×32 from now on, at 64×64 and above", "encoder run on the CPU from now on")
	sameTiles(t, "short of memory", got, want)
	if m.refused != 10 || !got.LowMemory || m.encoders != 0 {
		t.Errorf("%d runs were refused, want each twice; the encoders hold %d", m.refused, m.encoders)
	}
	m.refused = 0
	again := mustRender(t, r, s, Job{})
	if m.refused != 0 || again.Memory != nil || again.LowMemory {
		t.Errorf("the next job: %d runs refused, told %q; want none", m.refused, again.Memory)
	}
	sameTiles(t, "again", again, want)
	s.Count, s.Width, s.Height = 1, 32, 32
	if small := mustRender(t, r, s, Job{}); small.LowMemory || m.refused != 0 {
		t.Errorf("a small image: %d runs refused, told %q", m.refused, small.Memory)
	}
	m.room = 10
	if _, err := r.Render(t.Context(), s, Job{}); !errors.Is(err, tensor.ErrOutOfMemory) {
		t.Errorf("got %v from a device where nothing fits, want %v", err, tensor.ErrOutOfMemory)
	}
}

// TestEncodersLeaveForTheUNet: a single run of the UNet for which there is no memory is tried without the encoders.
func TestEncodersLeaveForTheUNet(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Count, s.Width, s.Height = 1, 32, 32 // the UNet needs 64 for each prompt
	r, m := metered(t, 400, 370, 0, Options{})
	checkSteps(t, mustRender(t, r, s, Job{}).Memory, "at most 1 of 2", "encoder run on the CPU from now on")
	if m.refused != 4 {
		t.Errorf("%d runs refused, want two of two sizes", m.refused)
	}
}

// TestOtherModelsMakeRoom: before a run is made smaller, models that nobody renders with are freed.
func TestOtherModelsMakeRoom(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Count, s.Width, s.Height = 4, 64, 64
	r, m := metered(t, 2100, 10, 1000, Options{}) // 2048 for all images with their prompts
	got := mustRender(t, r, s, Job{})
	checkSteps(t, got.Memory, "other loaded models were freed")
	if m.refused != 2 || m.encoders == 0 || int(m.unetBatch.Load()) != 8 {
		t.Errorf("%d runs refused, encoders hold %d, %d at once; want 2 refused and nothing else changed", m.refused,
			m.encoders, m.unetBatch.Load())
	}
}

// TestTextEncoderMakesRoom: a text encoder for which there is no memory on the device goes to the CPU.
func TestTextEncoderMakesRoom(t *testing.T) {
	t.Parallel()
	r, m := metered(t, 1<<20, 10, 0, Options{})
	calls := 0
	text := sparingText{r.memory, textFunc(func() error {
		if calls++; m.encoders > 0 {
			return errDevice
		}
		return nil
	})}
	if _, err := text.EncodeText(t.Context(), nil, 0); err != nil || calls != 3 {
		t.Errorf("got %v after %d calls, want that the third one works", err, calls)
	}
}

type textFunc func() error

func (f textFunc) EncodeText(context.Context, [][]int32, int) (TextEncoding, error) {
	return TextEncoding{}, f()
}

// TestDeviceMemoryOfAJob: a result has what was held on the device; memory is given back after the last of several jobs.
func TestDeviceMemoryOfAJob(t *testing.T) {
	t.Parallel()
	r, m := metered(t, 1<<20, 0, 0, Options{})
	if got := mustRender(t, r, boatSpec(), Job{}); got.DeviceBytes != 1<<20 || m.shrunk != 1 {
		t.Errorf("held %d, given back %d times; want %d and once", got.DeviceBytes, m.shrunk, 1<<20)
	}
	r.memory.begin() // another job runs
	mustRender(t, r, boatSpec(), Job{})
	if m.shrunk != 1 {
		t.Error("memory is given back while another job runs")
	}
	r.memory.end()
	if m.shrunk != 2 {
		t.Error("memory is not given back after the last job")
	}
}

// checkSteps compares what was told with what must be told, in its order.
func checkSteps(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.Contains(got[i], want[i]) && strings.HasPrefix(got[i], "out of memory: ")
	}
	if !ok {
		t.Errorf("told %q, want %q", got, want)
	}
}

func sameTiles(t *testing.T, name string, got, want *Result) {
	t.Helper()
	for i, tile := range want.Tiles {
		if !slices.Equal(got.Tiles[i].Image.Pix, tile.Image.Pix) {
			t.Errorf("%s: image %d differs", name, i+1)
		}
	}
}

package onnx_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	for name, device := range map[string]onnx.Device{
		"values": {Kind: onnx.CPU, Threads: 1}, "bindings, as on a GPU": {Kind: onnx.CPU, Threads: 1, Resident: true},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); testCancel(t, device) })
	}
}

func testCancel(t *testing.T, device onnx.Device) {
	cause := errors.New("a person changed their mind")
	hidden := tensor.New(1, onnxtest.Length, onnxtest.Width)
	endless := func(t *testing.T) *onnx.Model { return loadOn(t, onnxtest.Folder{Endless: true}, device) }
	t.Run("a network that never ends is stopped, again and again, and the model stays usable", func(t *testing.T) {
		t.Parallel()
		m := endless(t)
		for i := range 12 { // the pauses vary when the stop comes; nothing depends on them
			ctx, cancel := context.WithCancelCause(t.Context())
			stop := time.AfterFunc(time.Duration(i)*3*time.Millisecond, func() { cancel(cause) })
			_, err := m.Unet(ctx, tensor.New(1, 4, 8, 8), 1, hiddenOnly(hidden))
			stop.Stop()
			if !errors.Is(err, cause) {
				t.Fatalf("stop %d: got %v, want the cause %v", i, err, cause)
			}
			latents := ramp(1, 4, 2, 2)
			pixels, err := m.DecodeLatents(t.Context(), latents)
			check(t, "pixels", pixels, err, wantPixels(latents))
		}
	})
	t.Run("an ended context starts nothing", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if _, err := endless(t).Unet(ctx, tensor.New(1, 4, 8, 8), 1, hiddenOnly(hidden)); !errors.Is(err, cause) {
			t.Errorf("got %v, want %v", err, cause)
		}
	})
	t.Run("close waits for a running call, and what comes later is told", func(t *testing.T) {
		t.Parallel()
		m := endless(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		ran := make(chan error)
		go func() {
			_, err := m.Unet(ctx, tensor.New(1, 4, 8, 8), 1, hiddenOnly(hidden))
			ran <- err
		}()
		time.AfterFunc(5*time.Millisecond, func() { cancel(cause) })
		err := m.Close()
		if got := <-ran; err != nil || !errors.Is(got, cause) && !errors.Is(got, onnx.ErrClosed) {
			t.Errorf("close: got %v; run: got %v, want %v or %v", err, got, cause, onnx.ErrClosed)
		}
		if _, err := m.DecodeLatents(t.Context(), ramp(1, 4, 2, 2)); !errors.Is(err, onnx.ErrClosed) {
			t.Errorf("after close: got %v, want ErrClosed", err)
		}
	})
}

func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	resident := float16CPU
	resident.Resident = true
	for name, device := range map[string]onnx.Device{"values": float16CPU, "bindings, as on a GPU": resident} {
		t.Run(name, func(t *testing.T) { t.Parallel(); testConcurrentCalls(t, device) })
	}
}

func testConcurrentCalls(t *testing.T, device onnx.Device) {
	m := loadOn(t, onnxtest.Folder{Float: graph.Float16, Timestep: graph.Value{Type: graph.Float16, Dims: []int{1}}}, device)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for step := range 20 {
				latents, hidden := ramp(1, 4, 1+i, 2), tensor.New(1, onnxtest.Length, onnxtest.Width)
				noise, err := m.Unet(t.Context(), latents, float64(step), hiddenOnly(hidden))
				if want := wantNoise(latents, float64(step), hidden); err != nil || !slices.Equal(noise.Data, want.Data) {
					t.Errorf("call %d.%d: got %v, %v, want %v", i, step, noise.Data, err, want.Data)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestLoad(t *testing.T) {
	t.Parallel()
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		runtimeOrSkip(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("stopping")
		cancel(cause)
		if _, err := onnx.Load(ctx, openTiny(t), onnx.Device{Kind: onnx.CPU}); !errors.Is(err, cause) {
			t.Errorf("got %v, want %v", err, cause)
		}
	})
	t.Run("a GPU that the library does not know", func(t *testing.T) {
		t.Parallel()
		runtimeOrSkip(t)
		_, err := onnx.Load(t.Context(), openTiny(t), onnx.Device{Kind: onnx.CUDA})
		if err == nil {
			t.Skip("this library has CUDA")
		}
		if !strings.Contains(err.Error(), "cuda:0") || !strings.Contains(err.Error(), "runtime pull") ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line that names the device and the fix", err)
		}
	})
	t.Run("an unknown kind of device", func(t *testing.T) {
		t.Parallel()
		runtimeOrSkip(t)
		if _, err := onnx.Load(t.Context(), openTiny(t), onnx.Device{Kind: "abacus"}); err == nil ||
			!strings.Contains(err.Error(), "abacus") {
			t.Errorf("got %v, want an error that names it", err)
		}
	})
}

func openTiny(t *testing.T) *folder.Model {
	t.Helper()
	dir := t.TempDir()
	if err := (onnxtest.Folder{}).Write(dir); err != nil {
		t.Fatal(err)
	}
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

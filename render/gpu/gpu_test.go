package gpu_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/gpu"
)

// procFolder is what the kernel module of a machine with two cards shows.
func procFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"version": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n" +
			"GCC version:  gcc version 12.2.0\n",
		"gpus/0000:01:00.0/information": "Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 42\n" +
			"GPU UUID: \t GPU-aaaa\nBus Location: \t 0000:01:00.0\n",
		"gpus/0000:41:00.0/information": "Model: \t\t NVIDIA GeForce GTX 1080\nGPU UUID: \t GPU-bbbb\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLookReadsProc(t *testing.T) {
	t.Parallel()
	got := gpu.Look(gpu.Options{Library: filepath.Join(t.TempDir(), "none.so"), Proc: procFolder(t)})
	want := []gpu.Card{
		{Index: 0, Name: "NVIDIA GeForce RTX 3060", UUID: "GPU-aaaa"},
		{Index: 1, Name: "NVIDIA GeForce GTX 1080", UUID: "GPU-bbbb"},
	}
	if got.Driver != "580.65.06" || !slices.Equal(got.Cards, want) || got.Err == nil ||
		errors.Is(got.Err, gpu.ErrNoDriver) {
		t.Errorf("got %+v, want driver 580.65.06, %+v and that its library is missing", got, want)
	}
	closed := t.TempDir()
	const text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n"
	if err := os.WriteFile(filepath.Join(closed, "version"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := gpu.Look(gpu.Options{Library: "none", Proc: closed}); got.Driver != "535.183.01" {
		t.Errorf("got %+v, want driver 535.183.01", got)
	}
}

// TestLookCountsCardsWithoutADriver: a card that no driver has is told, so that a person learns what is missing.
func TestLookCountsCardsWithoutADriver(t *testing.T) {
	t.Parallel()
	bus := t.TempDir()
	for name, ids := range map[string][2]string{
		"0000:00:02.0": {"0x8086", "0x030000"}, // Intel's graphics
		"0000:01:00.0": {"0x10de", "0x030000"},
		"0000:01:00.1": {"0x10de", "0x040300"}, // that card's sound
		"0000:41:00.0": {"0x10de", "0x030200"}, // a card without a connector
	} {
		dir := filepath.Join(bus, name)
		err := os.Mkdir(dir, 0o700)
		for i, file := range []string{"vendor", "class"} {
			err = errors.Join(err, os.WriteFile(filepath.Join(dir, file), []byte(ids[i]+"\n"), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := gpu.Look(gpu.Options{Library: "none", Proc: t.TempDir(), Bus: bus}); got.Unused != 2 {
		t.Errorf("got %+v, want two cards without a driver", got)
	}
	if got := gpu.Look(gpu.Options{Library: "none", Proc: procFolder(t), Bus: bus}); got.Unused != 0 {
		t.Errorf("got %+v, want none without a driver", got)
	}
}

func TestLookHonoursCUDAVisibleDevices(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string][]string{
		"":                 {"NVIDIA GeForce RTX 3060", "NVIDIA GeForce GTX 1080"},
		"1":                {"NVIDIA GeForce GTX 1080"},
		"1, 0":             {"NVIDIA GeForce GTX 1080", "NVIDIA GeForce RTX 3060"},
		"GPU-bb":           {"NVIDIA GeForce GTX 1080"},
		"0,7,1":            {"NVIDIA GeForce RTX 3060"}, // the first that is none ends the list
		"-1":               nil,
		"NoDevFiles":       nil,
		"MIG-cccc,GPU-aaa": {"an instance of a divided card", "NVIDIA GeForce RTX 3060"},
	} {
		got := gpu.Look(gpu.Options{
			Library: "none", Proc: procFolder(t), Getenv: func(string) string { return variable },
		})
		var names []string
		for i, c := range got.Cards {
			names = append(names, c.Name)
			if c.Index != i {
				t.Errorf("%q: got %+v, want it numbered %d", variable, c, i)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%q: got %q, want %q", variable, names, want)
		}
	}
}

//go:build cgo

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/color"
	"os"
	"syscall"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/sandbox"
)

// scanBomb is a grey progressive JPEG of few bytes. Each of its scans makes a decoder visit all blocks of the image.
func scanBomb(side, scans int) []byte {
	var out []byte
	segment := func(marker byte, content ...byte) {
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(content)+2))
		out = append(out, content...)
	}
	out = append(out, 0xff, 0xd8)
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	segment(0xc2, 8, byte(side>>8), byte(side), byte(side>>8), byte(side), 1, 1, 0x11, 0)
	oneCode := append([]byte{1}, make([]byte, 15)...)
	segment(0xc4, append(append([]byte{0x00}, oneCode...), 0)...)    // DC: the bit 0 is "no difference"
	segment(0xc4, append(append([]byte{0x10}, oneCode...), 0xe0)...) // AC: the bit 0 is a run of empty blocks
	segment(0xda, 1, 1, 0x00, 0, 0, 0)
	out = append(out, make([]byte, (side/8+1)*(side/8+1)/8+1)...)
	for range scans - 1 {
		segment(0xda, 1, 1, 0x00, 1, 63, 0)
		out = append(out, 0x7f, 0xfe, 0xff, 0x00, 0xff, 0x00) // two runs of 32,767 blocks
	}
	return append(out, 0xff, 0xd9)
}

// TestHostileStartImage asks with a start image that is made to keep the bot busy, beside an honest one.
func TestHostileStartImage(t *testing.T) {
	t.Parallel()
	cl := newCluster(t, clusterOptions{})
	bot := cl.bot()
	cl.renderer()
	cl.waitReady(1)
	photo := func(x, y int) color.Color { return color.NRGBA{uint8(5 * x), uint8(9 * y), 80, 255} }
	file, err := os.ReadFile(savePNG(t, photo))
	if err != nil {
		t.Fatal(err)
	}
	other := cl.AddUser("honest", false)
	bomb := cl.imagine(quickSteps, sandbox.WithFile("init_image", "a.jpg", scanBomb(2040, 100_000)))
	honest := cl.ask(other.ID, "a boat", quickSteps, sandbox.WithFile("init_image", "b.png", file))
	cl.waitText(bomb, message.ReasonInputTooComplex)
	cl.waitResult(honest)
	cl.waitQueueEmpty()
	cl.wantOneResultEach(honest)
	stopInTime(t, bot)
}

// TestStopWhileStartImagesAreRead stops the bot while it reads images that take as long as any that is not refused.
// It leaves them, and reads them after its restart.
func TestStopWhileStartImagesAreRead(t *testing.T) {
	t.Parallel()
	cl := newCluster(t, clusterOptions{})
	bot := cl.bot()
	cl.renderer()
	cl.waitReady(1)
	const many = 8 // more than a second each, one after the other
	var asked []sandbox.Interaction
	for i := range many {
		who := cl.AddUser(fmt.Sprintf("person %d", i), false)
		asked = append(asked, cl.ask(who.ID, "a boat", quickSteps,
			sandbox.WithFile("init_image", "a.jpg", scanBomb(2040, 255))))
	}
	for _, i := range asked {
		cl.waitText(i, "boat")
	}
	stopInTime(t, bot)
	if shown := cl.memberResults(); len(shown) == many {
		t.Fatal("all were read before the bot was stopped: this shows nothing")
	}
	cl.bot()
	for _, i := range asked {
		cl.waitResult(i)
	}
	cl.waitQueueEmpty()
	cl.wantOneResultEach(asked...)
}

// stopInTime asks a process to stop, as service managers do.
func stopInTime(t *testing.T, p *process) {
	t.Helper()
	const most = 5 * time.Second // a few hundred milliseconds, on a machine that is not busy
	began := time.Now()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
		if code := p.cmd.ProcessState.ExitCode(); code != exitOK {
			t.Errorf("%s ended with %d, want %d", p.name, code, exitOK)
		}
		t.Logf("%s ended %v after SIGTERM", p.name, time.Since(began).Round(10*time.Millisecond))
	case <-time.After(most):
		t.Errorf("%s still runs %v after SIGTERM", p.name, most)
	}
}

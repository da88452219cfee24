//go:build cgo

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/render/golden/goldentest"
)

// changingCheckpoint is a cluster whose only model is a checkpoint that is cut short while it is in use.
type changingCheckpoint struct {
	*cluster
	up    *process
	path  string
	whole []byte
}

func newChangingCheckpoint(t *testing.T) *changingCheckpoint {
	t.Helper()
	cl := newCluster(t, clusterOptions{realModels: true, usualLeases: true})
	models := t.TempDir()
	c := &changingCheckpoint{cluster: cl, path: filepath.Join(models, "boats.safetensors")}
	var err error
	if c.whole, err = os.ReadFile(goldentest.Checkpoint(t, goldentest.CheckpointSD1)); err != nil {
		t.Fatal(err)
	}
	c.write(c.path, c.whole)
	card := `{"defaults":{"width":256,"height":256}}` // a step takes some 50 ms
	c.write(filepath.Join(models, "boats.json"), []byte(card))
	c.up = cl.start("up", "up", "--data", cl.data, "--models", models, "--model", "boats", "--threads", "1")
	cl.waitOnline()
	cl.until("it can be asked", func() bool { return c.up.count("ready to generate") > 0 })
	return c
}

func (c *changingCheckpoint) write(path string, data []byte) {
	c.t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// submit asks for an image that takes a second at least, and waits until it is rendered.
func (c *changingCheckpoint) submit() sandbox.Interaction {
	c.t.Helper()
	before := c.up.count("job leased")
	i := c.ask(c.home.Member.ID, "a red boat", 30, sandbox.With("count", 1))
	c.until("it is rendered", func() bool { return c.up.count("job leased") > before })
	return i
}

// submitUntilLeased asks again until a renderer takes the job: the bot hears of a file's new content some time after the
// renderer has it, and until then asks for the old one.
func (c *changingCheckpoint) submitUntilLeased() sandbox.Interaction {
	c.t.Helper()
	for before := c.up.count("job leased"); ; {
		i := c.ask(c.home.Member.ID, "a red boat", 30, sandbox.With("count", 1))
		m, err := c.WaitReply(c.ctx(), i.ID, func(m sandbox.Message) bool {
			return strings.Contains(m.Text(), "for a renderer that has the model") || c.up.count("job leased") > before
		})
		if err != nil {
			c.t.Fatalf("%v: %s", err, m.Text())
		}
		if c.up.count("job leased") > before {
			return i
		}
	}
}

// cutShort cuts the file short in mid-picture and puts the whole one in its place. It returns false if no process died
// of it: it was noticed between two steps, or came too late.
func (c *changingCheckpoint) cutShort() bool {
	c.t.Helper()
	const death = "renderer process died"
	leased, deaths := c.up.count("job leased"), c.up.count(death)
	ended := func() int { return c.up.count("job failed") + c.up.count("job done") }
	before := ended()
	time.Sleep(300 * time.Millisecond) // it has to be at work, not at its start
	if err := os.Truncate(c.path, 4096); err != nil {
		c.t.Fatal(err)
	}
	c.until("it dies", func() bool { return c.up.count(death) > deaths || ended() > before })
	c.write(c.path+".new", c.whole)
	if err := os.Rename(c.path+".new", c.path); err != nil {
		c.t.Fatal(err)
	}
	if c.up.count(death) == deaths {
		return false
	}
	c.until("it is rendered again", func() bool { return c.up.count("job leased") > leased })
	return true
}

// TestFileCutShortWhileInUse cuts a checkpoint short again and again while a renderer computes with it, which ends the
// renderer's process. More such deaths than the crashes that end a job do not end this one: it did not cause them.
// A job whose file has another content is never rendered from that: it is refused, or waits for a renderer that has the
// old one and says so. The bot lives.
func TestFileCutShortWhileInUse(t *testing.T) {
	t.Parallel()
	const deaths, maxTries = 3, 5 // two crashes end a job
	c := newChangingCheckpoint(t)
	asked, died, total := c.submit(), 0, 0
	for tries := 0; died < deaths; {
		switch {
		case c.cutShort():
			died++
			total++
		case tries == maxTries:
			t.Fatal("no process died of a file that was cut short")
		default:
			asked, died, tries = c.submit(), 0, tries+1
		}
	}
	c.waitResult(asked)
	if n := c.up.count("a file changed while"); n != total || !c.up.isRunning() {
		t.Errorf("%d deaths are put down to the file, want %d", n, total)
	}
	old := c.submit()
	ready := c.up.count("ready to be used")
	other := bytes.Clone(c.whole)
	copy(other[len(other)-64:], make([]byte, 64))
	c.write(c.path, other)
	_, err := c.WaitReply(c.ctx(), old.ID, func(m sandbox.Message) bool {
		return strings.Contains(m.Text(), "for a renderer that has the model “boats”") ||
			strings.Contains(m.Text(), failedText+"the model of this request is not here any more")
	})
	if err != nil || !c.up.isRunning() || !c.Gateway.Online() {
		t.Errorf("got %v, want to hear that nobody has the model", err)
	}
	c.until("the other content is offered", func() bool { return c.up.count("ready to be used") > ready })
	c.waitResult(c.submitUntilLeased())
}

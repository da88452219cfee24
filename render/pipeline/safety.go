package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/safety"
)

// What may be said instead of the path of a safety checker.
const (
	SafetyAuto = "auto" // the model's own, if it is a light one
	SafetyOwn  = "own"  // the model's own
	SafetyOff  = "off"
)

// Checkers are the safety checkers that look at what the models of a device render. nil is for none. Its methods may be
// called concurrently.
type Checkers struct {
	choice string
	given  *safety.Model // of a path

	mu     sync.Mutex
	shared *loadedChecker // of all models; nil until it is needed
}

// loadedChecker is a checker and the network that it holds.
type loadedChecker struct {
	*safety.Checker
	network *onnx.Network
}

// OpenCheckers reads what a person chose: SafetyAuto, SafetyOwn, SafetyOff, or the path of a checker for all models,
// which is checked. Nothing is loaded.
func OpenCheckers(choice string) (*Checkers, error) {
	c := &Checkers{choice: choice}
	switch choice {
	case SafetyOff, "":
		return nil, nil
	case SafetyAuto, SafetyOwn:
		return c, nil
	}
	var err error
	if c.given, err = safety.Open(choice); errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w; want %s, %s, %s or a path", err, SafetyAuto, SafetyOwn, SafetyOff)
	}
	return c, err
}

// Given is the checker for all models; nil for none.
func (c *Checkers) Given() *safety.Model {
	if c == nil {
		return nil
	}
	return c.given
}

// ownChecker opens the checker in a model's folder; nil for none.
func ownChecker(f *folder.Model) (*safety.Model, error) {
	dir := filepath.Join(f.Dir, safety.Part)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil
	}
	return safety.Open(dir)
}

// of returns the checker for a model; nil for none. With SafetyAuto one that cannot be opened is none: Notes tells it.
func (c *Checkers) of(f *folder.Model) (*safety.Model, error) {
	if c == nil || c.given != nil {
		return nil, nil
	}
	m, err := ownChecker(f)
	if c.choice == SafetyAuto && (err != nil || m != nil && !m.Light()) {
		return nil, nil
	}
	return m, err
}

// Need is how much memory the checker of a model's own holds, in bytes.
func (c *Checkers) Need(f *folder.Model, d onnx.Device) int64 {
	if m, err := c.of(f); err == nil && m != nil {
		return checkerNeed(m, d)
	}
	return 0
}

// sharedNeed is how much memory the checker for all models holds, in bytes.
func (c *Checkers) sharedNeed(d onnx.Device) int64 {
	if m := c.Given(); m != nil {
		return checkerNeed(m, d)
	}
	return 0
}

// load loads the checker of a model, or returns the one for all. A checker of the model's own is the caller's to close.
// Both are nil for none.
func (c *Checkers) load(
	f *folder.Model, d onnx.Device,
) (checker *safety.Checker, own *onnx.Network, err error) {
	if c == nil {
		return nil, nil, nil
	}
	if c.given != nil {
		return c.loadShared(d)
	}
	m, err := c.of(f)
	if m == nil || err != nil {
		return nil, nil, err
	}
	l, err := loadChecker(m, d)
	return l.Checker, l.network, err
}

func (c *Checkers) loadShared(d onnx.Device) (*safety.Checker, *onnx.Network, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shared == nil {
		l, err := loadChecker(c.given, d)
		if err != nil {
			return nil, nil, err
		}
		c.shared = &l
	}
	return c.shared.Checker, nil, nil
}

func loadChecker(m *safety.Model, device onnx.Device) (loadedChecker, error) {
	network, err := onnx.LoadNetwork(m.Network, device)
	if err != nil {
		return loadedChecker{}, fmt.Errorf("safety checker: %w", err)
	}
	return loadedChecker{&safety.Checker{Model: m, Network: network}, network}, nil
}

// checksPreviews says whether a checker also looks at previews: one comes every few seconds, beside the steps.
func checksPreviews(m *safety.Model, d onnx.Device) bool { return m.Light() || d.Kind != onnx.CPU }

// addChecker puts a checker into the parts of a renderer.
func addChecker(p *render.Parts, checker *safety.Checker, d onnx.Device) {
	if checker == nil {
		return
	}
	p.Safety = checker
	if checksPreviews(checker.Model, d) {
		p.PreviewSafety = checker
	}
}

// Close frees the checker for all models. Nothing may be rendered with them any more.
func (c *Checkers) Close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shared == nil {
		return nil
	}
	shared := c.shared
	c.shared = nil
	return shared.network.Close()
}

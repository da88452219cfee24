package onnx

import (
	"errors"
	"sync"
	"weak"

	"darkroom/render/tensor"
)

// encoders are the text encoders of a model and the encoder of its VAE, together with those of the same model with
// add-ons. They run before the steps, so where a device is short of memory they are moved to the CPU.
type encoders struct {
	device Device // where they are opened next; guarded by mu

	mu  sync.Mutex
	all []weak.Pointer[encoder] // that were opened; those that nobody uses are gone
}

// encoder is a network that can be moved.
type encoder struct {
	step encoderStep
	of   *encoders

	mu      sync.RWMutex // held for reading by every call, for writing while the network is opened or closed
	session *session     // nil while the network is not open
	closed  bool
}

// encoderStep opens an encoder on a device.
type encoderStep func(Device) (*session, error)

// open opens an encoder on the device where encoders run now.
func (e *encoders) open(step encoderStep) (*encoder, error) {
	made := &encoder{step: step, of: e}
	if err := made.open(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.living(), weak.Make(made))
	return made, nil
}

// living are the encoders that somebody uses.
func (e *encoders) living() []weak.Pointer[encoder] {
	var living []weak.Pointer[encoder]
	for _, p := range e.all {
		if p.Value() != nil {
			living = append(living, p)
		}
	}
	return living
}

// where is the device that encoders run on now.
func (e *encoders) where() Device {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.device
}

// moveToCPU frees the device's memory that encoders hold. They are opened again on the CPU when they are next used. It
// says whether they were on a device.
func (e *encoders) moveToCPU() (moved bool, err error) {
	e.mu.Lock()
	if !e.device.resident() {
		e.mu.Unlock()
		return false, nil
	}
	e.device = Device{Kind: CPU, Threads: e.device.Threads, Mapped: true}
	all := e.living()
	e.mu.Unlock()
	for _, p := range all {
		if one := p.Value(); one != nil {
			err = errors.Join(err, one.free())
		}
	}
	return true, err
}

func (e *encoder) open() error {
	s, err := e.step(e.of.where())
	e.session = s
	return err
}

// free frees the network's memory once its running calls have returned. The next call opens it again.
func (e *encoder) free() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.session.close()
	e.session = nil
	return err
}

// use calls a function with the network, which stays open and where it is until the function returns.
func (e *encoder) use(run func(*session) error) error {
	for {
		if done, err := e.tryUse(run); done {
			return err
		}
		if err := e.reopen(); err != nil {
			return err
		}
	}
}

func (e *encoder) tryUse(run func(*session) error) (done bool, err error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.session == nil && !e.closed {
		return false, nil
	}
	if e.closed {
		return true, ErrClosed
	}
	return true, run(e.session)
}

func (e *encoder) reopen() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != nil || e.closed {
		return nil
	}
	return e.open()
}

// current is the network where it is open; else nil.
func (e *encoder) current() *session {
	if e == nil {
		return nil
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.session
}

// close waits for running calls and frees the network for good.
func (e *encoder) close() error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	err := e.session.close()
	e.session = nil
	return err
}

// MoveEncoders takes the text encoders and the VAE's encoder off the device, where its memory is short: they run on the
// CPU from then on, until the model is closed. It says whether they were on a device.
func (m *Model) MoveEncoders() (moved bool, err error) { return m.encoders.moveToCPU() }

// EncodersMoved says whether the encoders had to leave the device, while the model was opened or later.
func (m *Model) EncodersMoved() bool { return m.Device.resident() && !m.encoders.where().resident() }

// retryWithoutEncoders opens networks, and once more if there was no memory for them and the encoders could be moved.
func (m *Model) retryWithoutEncoders(open func() error) error {
	err := open()
	if !errors.Is(err, tensor.ErrOutOfMemory) {
		return err
	}
	if moved, err2 := m.MoveEncoders(); !moved || err2 != nil {
		return errors.Join(err, err2)
	}
	return open()
}

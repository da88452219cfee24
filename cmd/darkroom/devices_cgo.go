//go:build cgo

package main

import (
	"fmt"
	"io"

	"darkroom/cmd/darkroom/supervise"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/device"
	"darkroom/render/onnx"
)

// chooseDevice chooses the one device of a command that renders by itself: the first one that can be used.
func (e environment) chooseDevice(r config.Runtime) (device.Choice, error) {
	all, err := e.machine(r).ChooseAll(wanted(r))
	if err != nil {
		return device.Choice{}, err
	}
	return all[0], nil
}

// openDevice chooses a device, loads the library for it into this process and tries the device. It tells at the shell
// why a card is not used.
func (e environment) openDevice(r config.Runtime) (onnx.Device, error) {
	c, err := e.chooseDevice(r)
	if err != nil {
		return onnx.Device{}, err
	}
	tellDevice(e.stderr, c)
	d := onnxDevice(r, c.Wanted)
	if err := onnx.Open(c.Library); err != nil {
		return d, err
	}
	return d, tryDevice(d)
}

// tryDevice opens a device with the library that is open.
func tryDevice(d onnx.Device) error {
	if err := d.Check(); err != nil {
		return fmt.Errorf("%w; `darkroom doctor` says more, --device cpu renders without a card", err)
	}
	return nil
}

// newRenderers chooses devices and makes a supervised process for each. Nothing runs yet.
func (s invocation) newRenderers(c config.Renderer, q *queue.Queue) (*supervise.Group, error) {
	devices, err := s.chooseRenderers(c.Runtime)
	if err != nil {
		return nil, err
	}
	slot := c.Worker.Slot
	if slot == "" {
		slot = worker.DefaultSlot()
	}
	var members []supervise.Member
	for i, name := range slotNames(slot, devices) {
		one := c
		one.Worker.Slot = name
		one.Runtime.Device = config.Devices{{Kind: devices[i].Kind, Index: devices[i].Index}}
		members = append(members, supervise.Member{Name: devices[i].String(), Options: s.supervised(one, q)})
	}
	return supervise.NewGroup(s.log, members...), nil
}

// chooseRenderers returns the devices that are named, and leaves it to their processes to say what is wrong with them.
// Of auto it chooses, and logs why.
func (s invocation) chooseRenderers(r config.Runtime) ([]device.Wanted, error) {
	devices := wanted(r)
	if devices[0].Kind != device.Auto {
		return devices, nil
	}
	if s.override != nil { // models that need no library need no card either
		return []device.Wanted{{Kind: device.CPU}}, nil
	}
	choices, err := s.machine(r).Choose(devices[0])
	if err != nil {
		return nil, err
	}
	devices = nil
	for _, c := range choices {
		devices = append(devices, c.Wanted)
		s.log.Info("rendering", "on", c.String(), "reason", c.Reason)
		if c.Fix != "" {
			s.log.Warn("a card could do more", "run", c.Fix)
		}
	}
	return devices, nil
}

// onnxDevice is a device with what the settings say of its use.
func onnxDevice(r config.Runtime, w device.Wanted) onnx.Device {
	return onnx.Device{
		Kind: w.Kind, Index: w.Index, Threads: r.Threads, Mapped: r.Prefer == "start", Packed: r.Prefer == "steps",
		Graphs: r.Graphs, MemoryLimit: int64(r.Memory),
	}
}

// likelyDevice is the device that would render, for what is said of models without loading one; the CPU where there is
// none.
func (e environment) likelyDevice(r config.Runtime) onnx.Device {
	c, err := e.chooseDevice(r)
	if err != nil {
		c.Wanted = device.Wanted{Kind: device.CPU}
	}
	return onnxDevice(r, c.Wanted)
}

// tellDevice says at the shell why a card that is here is not used, or not well.
func tellDevice(w io.Writer, c device.Choice) {
	if c.Fix != "" {
		fmt.Fprintf(w, "note: rendering on %s: %s (%s)\n", c.Wanted, c.Reason, c.Fix)
	}
}

package main

import (
	"darkroom/config"
	"darkroom/render/device"
	"darkroom/render/gpu"
)

// machine is what devices and libraries are chosen from. The driver is asked only if a card may be meant.
func (e environment) machine(r config.Runtime) device.Machine {
	m := device.Here(r.Runtimes.Dir, r.Ort)
	for _, d := range r.Device {
		if d.Kind == config.DeviceAuto || d.Kind == config.DeviceCUDA {
			m.GPU = e.lookAtCards()
			break
		}
	}
	return m
}

// lookAtCards asks the driver, or what a test has in its place.
func (e environment) lookAtCards() gpu.Report {
	if e.cards != nil {
		return e.cards()
	}
	return gpu.Look(gpu.Options{Getenv: e.getenv})
}

// wanted are the devices of the settings; without any, what auto means.
func wanted(r config.Runtime) []device.Wanted {
	if len(r.Device) == 0 {
		return []device.Wanted{{Kind: device.Auto}}
	}
	var all []device.Wanted
	for _, d := range r.Device {
		all = append(all, device.Wanted{Kind: d.Kind, Index: d.Index})
	}
	return all
}

package gpu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// driverVersion finds the version in /proc/driver/nvidia/version: "NVRM version: NVIDIA UNIX x86_64 Kernel Module
// 580.65.06 …", or "NVIDIA UNIX Open Kernel Module for x86_64  580.65.06 …".
var driverVersion = regexp.MustCompile(`Kernel Module(?: for \S+)?\s+([0-9]+(?:\.[0-9]+)+)`)

// readProc reads what the kernel module says, in the order of the bus. why is why NVML could not be asked.
func readProc(dir string, why error) Report {
	data, err := os.ReadFile(filepath.Join(dir, "version"))
	if errors.Is(why, errNoLibrary) && err != nil {
		return Report{Err: ErrNoDriver}
	}
	if err != nil {
		return Report{Err: fmt.Errorf("%w (%w)", ErrNoDriver, why)}
	}
	r := Report{Err: why}
	if m := driverVersion.FindSubmatch(data); m != nil {
		r.Driver = string(m[1])
	}
	files, _ := filepath.Glob(filepath.Join(dir, "gpus", "*", "information")) // names of buses, so in their order
	slices.Sort(files)
	for i, path := range files {
		if data, err := os.ReadFile(path); err == nil {
			fields := readFields(string(data))
			r.Cards = append(r.Cards, Card{Index: i, Name: fields["Model"], UUID: fields["GPU UUID"]})
		}
	}
	return r
}

// readFields reads lines such as "Model: 		 NVIDIA GeForce RTX 3060".
func readFields(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return fields
}

// The numbers by which the bus knows NVIDIA's graphics cards: the vendor, and the class of display controllers (PCI
// Code and ID Assignment Specification; as sysfs writes them).
const (
	nvidiaVendor = "0x10de"
	displayClass = "0x03"
)

// countOnBus counts NVIDIA's cards, whether or not a driver has them.
func countOnBus(dir string) int {
	devices, _ := filepath.Glob(filepath.Join(dir, "*")) // the pattern is constant
	n := 0
	for _, d := range devices {
		vendor, err1 := os.ReadFile(filepath.Join(d, "vendor"))
		class, err2 := os.ReadFile(filepath.Join(d, "class"))
		if err1 == nil && err2 == nil && strings.TrimSpace(string(vendor)) == nvidiaVendor &&
			strings.HasPrefix(string(class), displayClass) {
			n++
		}
	}
	return n
}

package device

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"darkroom/render/gpu"
	"darkroom/render/onnx/install"
	"darkroom/render/onnx/library"
)

// The kinds of device.
const (
	Auto   = "auto" // CUDA where library and driver are here, else the CPU
	CPU    = "cpu"
	CUDA   = "cuda"
	WebGPU = "webgpu"
)

// Wanted is a device that was asked for.
type Wanted struct {
	Kind  string
	Index int // which card, of CUDA
}

// String writes the device as people name it: "auto", "cpu" or "cuda:0".
func (w Wanted) String() string {
	if w.Kind == CUDA {
		return CUDA + ":" + strconv.Itoa(w.Index)
	}
	return w.Kind
}

// Machine is what can be chosen from.
type Machine struct {
	GPU      gpu.Report
	Runtimes []install.Installed // that were pulled
	Dirs     []string            // where a library of no runtime is looked for, such as that beside the program
	Explicit string              // a library that was named, or its folder; always used
	Platform string              // as "linux/amd64"; for what could be pulled
}

// Here is this machine, without its cards: with what was pulled into a folder, the libraries beside the program, and
// the one that was named, "" for none.
func Here(runtimes, named string) Machine {
	return Machine{Runtimes: install.List(runtimes), Dirs: library.Dirs(), Explicit: named, Platform: Platform}
}

// Platform is this machine's, as runtimes name it.
const Platform = runtime.GOOS + "/" + runtime.GOARCH

// Choice is a device to render on.
type Choice struct {
	Wanted         // CPU, CUDA or WebGPU
	Library string // of ONNX Runtime
	Runtime string // the runtime that the library belongs to; "" for another library
	Card    gpu.Card
	Reason  string // why this device, in words
	// Fix is the command that would let a card do the work instead, or do it better; "" for none.
	Fix string
}

// fitness is how well a runtime fits a card.
type fitness int

const (
	unfit      fitness = iota
	translates         // the card's driver translates the kernels when they first run
	fits
)

// fit says how well a generation of CUDA fits a card. What is not known of the card speaks for it.
func (m Machine) fit(c install.CUDA, card gpu.Card) fitness {
	switch major := m.GPU.Major(); {
	case c.Major == 0, major > 0 && c.Major > major:
		return unfit
	case card.Capability == 0:
		return fits
	}
	native, translated := c.Code(card.Capability)
	switch {
	case native:
		return fits
	case translated:
		return translates
	}
	return unfit
}

// runtimeFor returns the best whole runtime for a card, and how well it fits.
func (m Machine) runtimeFor(card gpu.Card) (best install.Installed, how fitness) {
	for _, r := range m.Runtimes {
		if r.Err != nil {
			continue
		}
		f := m.fit(m.demands(r), card)
		if f > how || f == how && f > unfit && m.prefers(r.CUDA, best.CUDA) {
			best, how = r, f
		}
	}
	return best, how
}

// prefers tells whether one generation of CUDA is the better one of two that fit: the newer one, or the older one where
// nothing is known of the driver, for more drivers support it.
func (m Machine) prefers(a, b int) bool { return (a > b) == (m.GPU.Major() > 0) }

// demands are what an installed runtime wants of cards: as this program's own of that name, where that is of the same
// generation.
func (m Machine) demands(r install.Installed) install.CUDA {
	if known, err := install.Find(r.Name, m.Platform); err == nil && known.CUDA.Major == r.CUDA {
		return known.CUDA
	}
	return install.CUDA{Major: r.CUDA, PTX: 1}
}

// recommended returns the runtime to pull for a card, "" where there is none, and how well it fits.
func (m Machine) recommended(card gpu.Card) (name string, how fitness) {
	major := 0
	for _, r := range install.All(m.Platform) {
		f := m.fit(r.CUDA, card)
		if f > how || f == how && f > unfit && m.prefers(r.CUDA.Major, major) {
			name, how, major = r.Name, f, r.CUDA.Major
		}
	}
	return name, how
}

// Recommended returns the runtime to pull for the first card that there is one for; "" where there is none.
func (m Machine) Recommended() string {
	for _, card := range m.GPU.Cards {
		if name, how := m.recommended(card); how > unfit {
			return name
		}
	}
	return ""
}

// pull is the command that brings a runtime.
func pull(name string) string { return "darkroom runtime pull " + name }

// unfitReason says why no runtime can be pulled for a card.
func (m Machine) unfitReason(card gpu.Card) string {
	if major := m.GPU.Major(); major > 0 && major < oldestCUDA {
		return fmt.Sprintf("its driver %s supports CUDA %s, and %d is needed: install driver %s or newer",
			m.GPU.Driver, m.GPU.CUDAText(), oldestCUDA, oldestDriver)
	}
	if card.Capability > 0 && card.Capability < oldestCapability {
		return "it is too old: cards from the GTX 10xx on can be used"
	}
	return "there is no runtime for it on " + m.Platform
}

// What the oldest runtime that can be pulled needs. The driver's number is from NVIDIA's table of minor version
// compatibility (CUDA Compatibility, "12.x: >= 525.60.13").
const (
	oldestCUDA       = 12
	oldestDriver     = "525.60.13"
	oldestCapability = 60
)

// cpuLibrary returns the library for a device that is no card of NVIDIA's: the named one, then the one beside the
// program, then that of any runtime: those for GPUs compute on a CPU as well.
func (m Machine) cpuLibrary() (path, pulled string, err error) {
	if m.Explicit != "" {
		path, err = library.Find(m.Explicit)
		return path, "", err
	}
	if path, err = library.Find("", m.Dirs...); err == nil {
		return path, "", nil
	}
	for _, r := range m.Runtimes {
		if r.Err != nil {
			continue
		}
		if path, err := library.Find(r.Dir); err == nil {
			return path, r.Name, nil
		}
	}
	return "", "", err
}

// nameOf is what a card is called.
func nameOf(card gpu.Card) string {
	if card.Name == "" {
		return "a card that is not known"
	}
	return strings.TrimSpace(card.Name)
}

// describe names a card for people.
func describe(w Wanted, card gpu.Card) string {
	if card.Name == "" {
		return w.String()
	}
	return w.String() + ", " + strings.TrimSpace(card.Name)
}

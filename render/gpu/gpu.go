package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Report is what is known of the cards and their driver.
type Report struct {
	Driver string // version, such as "580.65.06"; "" where there is none
	CUDA   int    // newest version of CUDA that the driver supports, as 1000 × major + 10 × minor; 0 for unknown
	Cards  []Card // by the number that CUDA has for them
	// Unused is how many cards of NVIDIA's are on the bus; it is counted only where there is no driver for them.
	Unused int
	Err    error // why the driver could not be asked; ErrNoDriver where there is none
}

// ErrNoDriver says that this machine has no NVIDIA driver.
var ErrNoDriver = errors.New("there is no NVIDIA driver")

// errNoLibrary says that NVML cannot be opened. Where there is a driver, a container lacks its library.
var errNoLibrary = errors.New("the NVIDIA driver's library " + usualLibrary + " cannot be opened; " +
	"in a container it wants NVIDIA_DRIVER_CAPABILITIES=compute,utility")

// ErrSilent says that the driver does not answer, as it happens when a card has fallen off the bus.
var ErrSilent = errors.New("the NVIDIA driver does not answer; restart the machine, or see what dmesg says of NVRM")

// Card is one card.
type Card struct {
	Index       int    // as in cuda:0
	Name        string // as "NVIDIA GeForce RTX 3060"
	UUID        string // as "GPU-…"; "" for unknown
	Total, Free int64  // bytes of memory; 0 for unknown
	Capability  int    // compute capability, times ten: 86 for 8.6; 0 for unknown
}

// Major is the newest major version of CUDA that the driver supports; 0 for unknown.
func (r Report) Major() int { return r.CUDA / 1000 }

// CUDAText writes the newest version of CUDA that the driver supports, "12.8"; "" for unknown.
func (r Report) CUDAText() string {
	if r.CUDA == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", r.CUDA/1000, r.CUDA%1000/10)
}

// Find returns the card of a number.
func (r Report) Find(index int) (Card, bool) {
	for _, c := range r.Cards {
		if c.Index == index {
			return c, true
		}
	}
	return Card{}, false
}

// Options say where to look. The zero value is this machine.
type Options struct {
	Library string              // NVML; "libnvidia-ml.so.1" if empty, which the system finds
	Proc    string              // the driver's folder; "/proc/driver/nvidia" if empty
	Bus     string              // devices on the bus; "/sys/bus/pci/devices" if empty
	Getenv  func(string) string // for CUDA_VISIBLE_DEVICES; nil for none
	Timeout time.Duration       // for the driver's answer; 10 s if zero
}

const (
	usualLibrary = "libnvidia-ml.so.1"
	usualProc    = "/proc/driver/nvidia"
	usualBus     = "/sys/bus/pci/devices"
	usualTimeout = 10 * time.Second
)

// Look asks the driver. It never fails: what is not known is left out, and Err says why.
//
// A driver that hangs is left to itself after the timeout, in a thread of its own.
func Look(o Options) Report {
	o.Library, o.Proc, o.Bus = cmp.Or(o.Library, usualLibrary), cmp.Or(o.Proc, usualProc), cmp.Or(o.Bus, usualBus)
	o.Timeout = cmp.Or(o.Timeout, usualTimeout)
	r := o.ask()
	if r.Driver == "" {
		r = readProc(o.Proc, r.Err)
	}
	if errors.Is(r.Err, ErrNoDriver) {
		r.Unused = countOnBus(o.Bus)
	}
	if o.Getenv != nil {
		r.Cards = visible(r.Cards, o.Getenv("CUDA_VISIBLE_DEVICES"))
	}
	return r
}

// ask asks NVML, and gives up where it does not answer.
func (o Options) ask() Report {
	answer := make(chan Report, 1)
	go func() { answer <- askNVML(o.Library) }()
	timer := time.NewTimer(o.Timeout)
	defer timer.Stop()
	select {
	case r := <-answer:
		return r
	case <-timer.C:
		return Report{Err: ErrSilent}
	}
}

// visible are the cards that CUDA sees, with its numbers. The variable lists numbers in the order of the bus, or the
// beginnings of UUIDs; the first entry that names no card ends the list (CUDA C Programming Guide, Environment
// Variables). An instance of a divided card (MIG-…) has no numbers here: its card is not known.
func visible(cards []Card, variable string) []Card {
	if variable == "" {
		return cards
	}
	var seen []Card
	for name := range strings.SplitSeq(variable, ",") {
		name = strings.TrimSpace(name)
		c, ok := named(cards, name)
		if strings.HasPrefix(name, "MIG-") {
			c, ok = Card{Name: "an instance of a divided card"}, true
		}
		if !ok {
			break
		}
		c.Index = len(seen)
		seen = append(seen, c)
	}
	return seen
}

func named(cards []Card, name string) (Card, bool) {
	n, err := strconv.Atoi(name)
	for _, c := range cards {
		if err == nil && c.Index == n || err != nil && name != "" && c.UUID != "" && strings.HasPrefix(c.UUID, name) {
			return c, true
		}
	}
	return Card{}, false
}

package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Secret is a text that fmt, slog, JSON and YAML never print. Only Text returns it.
type Secret struct{ text string }

// NewSecret makes a Secret from a text.
func NewSecret(text string) Secret { return Secret{text} }

// Text returns the secret.
func (s Secret) Text() string { return s.text }

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.text == "" }

const hidden = "[secret]"

// String hides the secret.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return hidden
}

// Format hides the secret from every verb, because %d and %x do not call String.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a secret.
func (s *Secret) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// The kinds of device.
const (
	DeviceAuto   = "auto" // CUDA where library and driver are here, else the CPU
	DeviceCPU    = "cpu"
	DeviceCUDA   = "cuda"
	DeviceWebGPU = "webgpu"
)

// Device is what renders.
type Device struct {
	Kind  string // DeviceAuto, DeviceCPU, DeviceCUDA or DeviceWebGPU
	Index int    // of a card of CUDA, from 0
}

// String returns the Device as a flag has it: "cpu" or "cuda:0".
func (d Device) String() string {
	if d.Kind == DeviceCUDA {
		return d.Kind + ":" + strconv.Itoa(d.Index)
	}
	return d.Kind
}

// UnmarshalText reads "auto", "cpu", "cuda", "cuda:1" or "webgpu".
func (d *Device) UnmarshalText(text []byte) error {
	kind, index, numbered := strings.Cut(string(text), ":")
	n := 0
	if numbered {
		var err error
		if n, err = strconv.Atoi(index); err != nil || n < 0 || n > maxCard {
			return fmt.Errorf("device %q: want auto, cpu, cuda:N or webgpu", text)
		}
	}
	switch {
	case kind == DeviceCUDA, !numbered && (kind == DeviceAuto || kind == DeviceCPU || kind == DeviceWebGPU):
		*d = Device{Kind: kind, Index: n}
		return nil
	}
	return fmt.Errorf("device %q: want auto, cpu, cuda:N or webgpu", text)
}

// maxCard is more than any machine has.
const maxCard = 255

// Devices are what renders: one device, or several, each in a process of its own.
type Devices []Device

// String returns the Devices as a flag has them: "cuda:0,cuda:1".
func (d Devices) String() string {
	names := make([]string, len(d))
	for i, one := range d {
		names[i] = one.String()
	}
	return strings.Join(names, ",")
}

// UnmarshalText reads a list of devices. Auto stands alone: it means all cards that can be used.
func (d *Devices) UnmarshalText(text []byte) error {
	var all Devices
	for name := range strings.SplitSeq(string(text), ",") {
		var one Device
		if err := one.UnmarshalText([]byte(strings.TrimSpace(name))); err != nil {
			return err
		}
		all = append(all, one)
	}
	for _, one := range all {
		if one.Kind == DeviceAuto && len(all) > 1 {
			return fmt.Errorf("device %q: auto means all cards that can be used, and stands alone", text)
		}
	}
	*d = all
	return nil
}

// Size is a width and a height in pixels.
type Size struct{ Width, Height int }

// UnmarshalText reads "160x112".
func (s *Size) UnmarshalText(text []byte) error {
	w, h, found := strings.Cut(strings.ReplaceAll(strings.ToLower(string(text)), "×", "x"), "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if !found || errW != nil || errH != nil || width < 1 || height < 1 {
		return fmt.Errorf("size %q: want WIDTHxHEIGHT in pixels", text)
	}
	*s = Size{width, height}
	return nil
}

// Bytes is an amount of memory. Zero means that none was given.
type Bytes int64

// bytesUnits are the units of an amount, the longest names first. People write GB and mean what memory comes in.
var bytesUnits = []struct {
	name   string
	factor float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}, {"tb", 1 << 40},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}, {"b", 1},
}

// String returns the number of bytes, "" for none.
func (b Bytes) String() string {
	if b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(b), 10)
}

// UnmarshalText reads "8GiB", "8 GB", "6.5g" or a number of bytes.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, factor := strings.ToLower(strings.TrimSpace(string(text))), 1.0
	for _, unit := range bytesUnits {
		if rest, found := strings.CutSuffix(number, unit.name); found {
			number, factor = strings.TrimSpace(rest), unit.factor
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*factor < 1 || n*factor >= 1<<62 {
		return fmt.Errorf("%q: want an amount of memory such as 8GiB", text)
	}
	*b = Bytes(n * factor)
	return nil
}

//go:build cgo

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"darkroom/config"
	"darkroom/render/device"
	"darkroom/render/download"
	"darkroom/render/gpu"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/onnx/install"
	"darkroom/render/pipeline"
)

// checkRendering checks what a renderer needs: the cards, the device with its library, and the model folders.
func (s invocation) checkRendering(r config.Runtime) []finding {
	m := s.machine(r)
	m.GPU = s.lookAtCards() // also where the settings want none: a person may wonder
	found := checkCards(m.GPU)
	found = append(found, checkRuntimes(m.Runtimes)...)
	on, devices := checkDevices(r, m)
	return slices.Concat(found, devices, []finding{checkSafety(r)}, checkModels(r, on))
}

// checkSafety opens the safety checker for all models, if there is one.
func checkSafety(r config.Runtime) finding {
	const subject = "safety checker"
	checkers, err := pipeline.OpenCheckers(r.Safety)
	if err != nil {
		return broken(subject, err, "name an open_nsfw .onnx file or a safety_checker folder, or auto, own or off")
	}
	switch m := checkers.Given(); {
	case m != nil:
		return healthy(subject, "%s, %s, %s", m.Kind, size(m.Bytes), m.Path)
	case r.Safety == pipeline.SafetyOwn:
		return healthy(subject, "each model's own")
	case r.Safety == pipeline.SafetyAuto:
		return healthy(subject, "each model's own, if it is small")
	}
	return healthy(subject, "off")
}

// checkCards says what the driver tells.
func checkCards(r gpu.Report) []finding {
	const subject = "gpu"
	if errors.Is(r.Err, gpu.ErrNoDriver) {
		if r.Unused > 0 {
			return []finding{healthy(subject, "%s, and no driver: install NVIDIA's driver to render on it",
				count(r.Unused, "NVIDIA card"))}
		}
		return []finding{healthy(subject, "%s", r.Err)}
	}
	driver := healthy(subject, "NVIDIA driver %s", r.Driver)
	if newest := r.CUDAText(); newest != "" {
		driver.state += ", which supports CUDA up to " + newest
	}
	found := []finding{driver}
	if r.Err != nil {
		found = append(found, broken(subject, r.Err, "see `nvidia-smi`; restart the machine if it fails, too"))
	}
	for _, c := range r.Cards {
		found = append(found, healthy(subject, "%s", describeCard(c)))
	}
	return found
}

// describeCard is what is known of a card.
func describeCard(c gpu.Card) string {
	words := []string{
		device.Wanted{Kind: device.CUDA, Index: c.Index}.String(), cmp.Or(c.Name, "a card that does not answer"),
	}
	if c.Total > 0 {
		words = append(words, size(c.Total)+" of memory, "+size(c.Free)+" free")
	}
	if c.Capability > 0 {
		words = append(words, fmt.Sprintf("compute capability %d.%d", c.Capability/10, c.Capability%10))
	}
	return strings.Join(words, ", ")
}

// checkRuntimes says what was pulled.
func checkRuntimes(all []install.Installed) []finding {
	const subject = "runtimes"
	var found []finding
	for _, i := range all {
		if i.Err != nil {
			found = append(found, broken(subject, i.Err, "darkroom runtime pull "+i.Name))
			continue
		}
		found = append(found, healthy(
			subject, "%s: ONNX Runtime %s, %s, %s", i.Name, i.Version, download.Size(i.Size), i.Dir,
		))
	}
	return found
}

// checkDevices opens the library and the devices that would be used: a library for the CPU alone does not know a GPU.
// It returns the first device, for what is said of models.
func checkDevices(r config.Runtime, m device.Machine) (onnx.Device, []finding) {
	choices, err := m.ChooseAll(wanted(r))
	if err != nil {
		return onnx.Device{Kind: onnx.CPU}, []finding{deviceFault(err)}
	}
	first := onnxDevice(r, choices[0].Wanted)
	if err := onnx.Open(choices[0].Library); err != nil {
		return first, []finding{broken("onnx runtime", err, runtimeFix)}
	}
	found := []finding{healthy("onnx runtime", "%s, %s", onnx.Version(), choices[0].Library)}
	for _, c := range choices {
		found = append(found, checkDevice(r, c, c.Library == choices[0].Library))
	}
	return first, found
}

const runtimeFix = "run `darkroom runtime pull cpu`, or name a library with --ort or ONNXRUNTIME_LIB"

// deviceFault says why no device can be chosen, with the command that helps.
func deviceFault(err error) finding {
	if no, ok := errors.AsType[*device.CardError](err); ok {
		return broken("device", errors.New(no.Device+": "+no.Reason), cmp.Or(no.Fix, "use --device auto or --device cpu"))
	}
	return broken("onnx runtime", err, runtimeFix)
}

// checkDevice opens a device, if its library is the one that this process has open.
func checkDevice(r config.Runtime, c device.Choice, open bool) finding {
	const subject = "device"
	if open {
		if err := onnxDevice(r, c.Wanted).Check(); err != nil {
			return broken(subject, errors.New(strings.TrimPrefix(err.Error(), subject+" ")),
				cmp.Or(c.Fix, "mend that, or use --device cpu"))
		}
	}
	found := healthy(subject, "%s: %s", c.Wanted, c.Reason)
	found.fix = c.Fix
	return found
}

// checkModels says what lies in the models folder: a line for each model, one for all add-ons, one for each fault.
func checkModels(r config.Runtime, on onnx.Device) []finding {
	const subject = "model"
	v, err := pipeline.Directory(r.ModelsDir).Inventory(nil)
	if err != nil {
		return []finding{broken(subject, err, "let this user write in its cache directory")}
	}
	var all []finding
	addons := map[inventory.Kind]int{}
	for _, e := range v.Entries() {
		switch {
		case e.State != inventory.Ready && e.State != inventory.Unhashed:
		case e.Model == nil:
			addons[e.Kind]++
		default:
			parts := []string{fmt.Sprintf("%s, %s, %s, %s, %s",
				e.Model.Name, describeEntry(e), size(e.Bytes), needs(e, on), e.Path)}
			for _, note := range pipeline.Notes(e.Model) {
				parts = append(parts, labelled(e.Model, note))
			}
			all = append(all, healthy(subject, "%s", strings.Join(parts, "; ")))
		}
	}
	var counts []string
	for _, kind := range slices.Sorted(maps.Keys(addons)) {
		counts = append(counts, fmt.Sprintf("%d of kind %s", addons[kind], kindInWords(kind)))
	}
	if len(counts) > 0 {
		all = append(all, healthy("add-ons", "%s", strings.Join(counts, ", ")))
	}
	if p := v.Progress(); !p.Done() {
		all = append(all, healthy("hashes", "%s hashed; a running renderer hashes the others", p))
	}
	all = append(all, healthy("memory", "%s", memoryInWords(r, on)))
	for _, err := range v.Faults() {
		all = append(all, broken(faultSubject(v, err), err,
			"put a whole model or add-on there, or remove it from "+r.ModelsDir))
	}
	return all
}

// faultSubject tells whether a fault is that of an add-on.
func faultSubject(v *inventory.Inventory, fault error) string {
	for _, e := range v.Entries() {
		if e.Err != nil && !e.Kind.IsModel() && errors.Is(fault, e.Err) {
			return kindInWords(e.Kind)
		}
	}
	return "model"
}

// memoryInWords says how much loaded models may hold.
func memoryInWords(r config.Runtime, on onnx.Device) string {
	budget := pipeline.NewPool(pipeline.PoolOptions{Device: on, Memory: int64(r.Memory)}).Memory()
	if budget == 0 {
		return "one model is loaded at a time; --memory keeps several"
	}
	return size(budget) + " for loaded models"
}

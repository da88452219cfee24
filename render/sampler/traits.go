package sampler

// Traits are what decides, beside a Spec, how often a model's UNet is called. A model card announces them. The zero
// value is that of an ordinary model. Their JSON is kept in SQL and in Redis, with the names that it was first
// written with.
type Traits struct {
	Img2ImgTakesAllSteps bool `json:"whole_repaints,omitempty"` // see Config
	RungeKutta           bool `json:"runge_kutta,omitempty"`    // see Config
	// InpaintKeepsRungeKutta says that diffusers' inpainting pipeline takes PNDM's Runge-Kutta steps too. Its name in
	// JSON is from the time when SDXL was the only such family.
	InpaintKeepsRungeKutta bool `json:"xl,omitempty"`
	Inpaint                bool `json:"inpaint,omitempty"` // its UNet reads a mask
}

// NearestSteps is NearestSteps of a method, with a model of such traits.
func (t Traits) NearestSteps(m Method, asked int) int {
	if t.RungeKutta && m.warmup {
		asked = max(asked, rungeKuttaSteps+1)
	}
	return m.NearestSteps(asked)
}

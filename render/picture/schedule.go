package picture

// Schedule is how noise was added while the model was trained, and where along that a sampler takes its steps: what the
// samplers of this program read of a scheduler_config.json of diffusers, beside the prediction and zero SNR. A Spec
// holds it where files that are no part of the model's hash decide it: a checkpoint's card, and its name.
//
// Its values are judged by render/sampler, as samplers' names are.
type Schedule struct {
	TrainSteps   int     `json:"num_train_timesteps"`
	BetaStart    float64 `json:"beta_start"`
	BetaEnd      float64 `json:"beta_end"`
	BetaSchedule string  `json:"beta_schedule"`
	Spacing      string  `json:"timestep_spacing,omitempty"` // "": each sampler's own
	StepsOffset  int     `json:"steps_offset,omitempty"`
	// SetAlphaToOne is of DDIM and PNDM; nil: each one's own.
	SetAlphaToOne *bool `json:"set_alpha_to_one,omitempty"`
	RungeKutta    bool  `json:"runge_kutta,omitempty"` // skip_prk_steps is false: PNDM begins with Runge-Kutta steps
	// OriginalSteps are those of the schedule that a consistency model was distilled on; 0: the sampler's own.
	OriginalSteps int `json:"original_inference_steps,omitempty"`
}

package family_test

import (
	"slices"
	"testing"

	"darkroom/render/family"
)

func TestRecognise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		clues family.Clues
		want  *family.Family
	}{
		"an old export": {family.Clues{Pipeline: "StableDiffusionPipeline"}, family.SD1},
		"CLIP's own activation": {
			family.Clues{Pipeline: "StableDiffusionPipeline", Activation: "quick_gelu", TextWidth: 768}, family.SD1,
		},
		"OpenCLIP's activation": {family.Clues{Pipeline: "StableDiffusionPipeline", Activation: "gelu"}, family.SD2},
		"OpenCLIP's width":      {family.Clues{Pipeline: "StableDiffusionPipeline", TextWidth: 1024}, family.SD2},
		"SDXL by its class": {
			family.Clues{Pipeline: "StableDiffusionXLInpaintPipeline", Activation: "gelu"}, family.SDXL,
		},
		"SDXL by a second encoder": {
			family.Clues{Pipeline: "LatentConsistencyModelPipeline", Folders: []string{"text_encoder", "text_encoder_2"}},
			family.SDXL,
		},
		"SDXL without its first encoder": {
			family.Clues{Pipeline: "StableDiffusionXLPipeline", Folders: []string{"text_encoder_2"}}, family.SDXL,
		},
		"a refiner": {
			family.Clues{Pipeline: "StableDiffusionXLImg2ImgPipeline", Folders: []string{"text_encoder_2"}}, family.Refiner,
		},
		"SDXL as it is loaded for start images": {
			family.Clues{
				Pipeline: "ORTStableDiffusionXLImg2ImgPipeline", Folders: []string{"text_encoder", "text_encoder_2"},
			}, family.SDXL,
		},
		"a refiner by its aesthetic score": {
			family.Clues{Pipeline: "StableDiffusionXLInpaintPipeline", AestheticScore: true}, family.Refiner,
		},
		"a latent consistency model": {family.Clues{Pipeline: "LatentConsistencyModelPipeline"}, family.SD1},
	} {
		if got := family.Recognise(c.clues); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got.Name, c.want.Name)
		}
	}
}

func TestRecogniseDistillation(t *testing.T) {
	t.Parallel()
	trailing := func(scheduler string) family.Clues {
		return family.Clues{Scheduler: scheduler, Spacing: "trailing", Prediction: "epsilon"}
	}
	velocity := trailing("EulerDiscreteScheduler")
	velocity.Prediction, velocity.ZeroSNR = "v_prediction", true
	zeroSNR := trailing("EulerDiscreteScheduler")
	zeroSNR.ZeroSNR = true
	leading := trailing("EulerDiscreteScheduler")
	leading.Spacing = "leading"
	for name, c := range map[string]struct {
		clues family.Clues
		want  *family.Distillation
	}{
		"none": {
			family.Clues{Pipeline: "StableDiffusionPipeline", Scheduler: "PNDMScheduler"}, nil,
		},
		"LCM by its pipeline": {
			family.Clues{Pipeline: "LatentConsistencyModelPipeline", GuidanceWidth: 256}, family.LCM,
		},
		"LCM by its scheduler": {
			family.Clues{Pipeline: "StableDiffusionXLPipeline", Scheduler: "LCMScheduler", GuidanceWidth: 256}, family.LCM,
		},
		"LCM in the weights":               {family.Clues{Scheduler: "LCMScheduler"}, family.LCMInWeights},
		"TCD":                              {family.Clues{Scheduler: "TCDScheduler"}, family.TCD},
		"a guidance input alone":           {family.Clues{Scheduler: "PNDMScheduler", GuidanceWidth: 256}, nil},
		"Turbo":                            {trailing("EulerAncestralDiscreteScheduler"), family.Turbo},
		"Lightning":                        {trailing("EulerDiscreteScheduler"), family.Lightning},
		"leading steps":                    {leading, nil},
		"a fine-tune in velocity":          {velocity, nil},
		"a fine-tune in zero terminal SNR": {zeroSNR, nil},
	} {
		if got := family.RecogniseDistillation(c.clues); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	both := []string{"text_encoder", "text_encoder_2"}
	for name, c := range map[string]struct {
		clues     family.Clues
		supported bool
	}{
		"Stable Diffusion 1": {family.Clues{Pipeline: "StableDiffusionPipeline", Folders: both[:1]}, true},
		"SDXL":               {family.Clues{Pipeline: "StableDiffusionXLPipeline", Folders: both}, true},
		"LCM":                {family.Clues{Pipeline: "LatentConsistencyModelPipeline", Folders: both[:1]}, true},
		"a refiner":          {family.Clues{Pipeline: "StableDiffusionXLImg2ImgPipeline", Folders: both[1:]}, true},
		"Stable Diffusion 3": {family.Clues{Pipeline: "StableDiffusion3Pipeline", Folders: both}, false},
		"Flux":               {family.Clues{Pipeline: "FluxPipeline"}, false},
		"a transformer":      {family.Clues{Pipeline: "StableDiffusionPipeline", Folders: []string{"transformer"}}, false},
		"a class of no kind": {family.Clues{Pipeline: "PixArtAlphaPipeline"}, false},
	} {
		if got := family.Unsupported(c.clues); (got == "") != c.supported {
			t.Errorf("%s: got %q, want support: %v", name, got, c.supported)
		}
	}
}

// TestAllTextParts holds the list that goes into the hash of a folder.
func TestAllTextParts(t *testing.T) {
	t.Parallel()
	want := []string{"text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"}
	if got := family.AllTextParts(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

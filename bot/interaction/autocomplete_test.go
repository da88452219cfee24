package interaction

import (
	"testing"

	"darkroom/bot/message"
	"darkroom/render/sampler"
)

func TestSamplerChoices(t *testing.T) {
	t.Parallel()
	names := sampler.NamesFor(sampler.A1111, sampler.Epsilon, false)
	for typed, want := range map[string]message.Choice{
		"DPM++ 2M SDE Heun Ka": {Name: "DPM++ 2M SDE Heun Karras", Value: "dpmpp_2m_sde_heun_karras"},
		"dpmpp_3m_sde_beta":    {Name: "DPM++ 3M SDE Beta", Value: "dpmpp_3m_sde_beta"},
		"dpm2aalign":           {Name: "DPM2 a Align Your Steps", Value: "dpm2_a_ays"},
		" restart_karras ":     {Name: "Restart Karras", Value: "restart_karras"},
	} {
		if got := samplerChoices(names, typed); len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %v, want %v", typed, got, want)
		}
	}
	if got := samplerChoices(names, ""); len(got) != len(names) {
		t.Errorf("nothing typed: got %d, want all %d", len(got), len(names))
	}
	if got := samplerChoices(names, "zebra"); got != nil {
		t.Errorf("no sampler: got %v", got)
	}
}

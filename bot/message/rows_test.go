package message_test

import (
	"strings"
	"testing"

	"darkroom/bot/message"
	"darkroom/render/picture"
)

// TestUpscaledOnce sees that an image that was upscaled, in either way, has no button to upscale it again.
func TestUpscaledOnce(t *testing.T) {
	t.Parallel()
	plain, hires, enlarged := boat(1), boat(1), boat(1)
	hires.Hires, enlarged.Upscale = &picture.Hires{Scale: 2}, &picture.Upscale{}
	for form, to := range map[string]message.Address{"card": onCard(nil), "older form": address} {
		for name, c := range map[string]struct {
			spec picture.Spec
			want bool
		}{"plain": {plain, true}, "of a second pass": {hires, false}, "enlarged": {enlarged, false}} {
			found := false
			for _, row := range message.Finished(to, c.spec, "1-0", images(1)).Rows {
				for _, b := range row {
					found = found || strings.HasPrefix(b.ID, "1:upscale:")
				}
			}
			if found != c.want {
				t.Errorf("%s, %s: got an upscale button: %v, want %v", form, name, found, c.want)
			}
		}
	}
}

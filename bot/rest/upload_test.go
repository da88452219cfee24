package rest_test

import (
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/encode"
	"darkroom/render/picture"
)

// TestLower goes all the way down: one by one first, then the limit that holds everywhere, then half of it each time.
func TestLower(t *testing.T) {
	t.Parallel()
	random, img := rand.NewChaCha8([32]byte{}), image.NewNRGBA(image.Rect(0, 0, 640, 480))
	_, _ = random.Read(img.Pix)
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	data, err := encode.PNG(img, "a red boat\nSteps: 4, Seed: 7, Size: 640x480")
	if err != nil {
		t.Fatal(err)
	}
	made := []queue.File{{Name: "1-0-1.png", Width: 640, Height: 480}, {Name: "1-0-2.png", Width: 640, Height: 480}}
	up := rest.NewUpload([]message.File{{Name: "1-0-1.png", Data: data}, {Name: "1-0-2.png", Data: data}}, made, 500<<20)
	groups := func() int { return len(up.Finished(address, picture.Spec{Count: 2}, "1-0", message.Result{}).Groups()) }
	if groups() != 1 {
		t.Fatal("two small files need several requests")
	}
	if !up.Lower() || groups() != 2 || up.Made[0].Name != "1-0-1.png" {
		t.Fatalf("the first step: got %d requests and %s, want one for each file", groups(), up.Made[0].Name)
	}
	var steps []string
	for up.Lower() {
		f := up.Made[1]
		steps = append(steps, fmt.Sprint(f.Limit>>10))
		if int64(len(up.Files[1].Data)) > f.Limit || up.Files[1].Name != f.Name || f.PNGBytes != int64(len(data)) ||
			len(f.SHA256) != 64 {
			t.Fatalf("got %s of %d bytes, %+v", up.Files[1].Name, len(up.Files[1].Data), f)
		}
		if r, err := encode.ReadParameters(up.Files[1].Data); err != nil || r.Seed != 7 {
			t.Fatalf("limit %d: got %+v and error %v, want the text", f.Limit, r, err)
		}
	}
	if got := strings.Join(steps, " "); got != "640 320 160 80" {
		t.Errorf("limits in KiB: got %s, want 640 320 160 80", got)
	}
	if made[0].PNGBytes != 0 {
		t.Error("the outcome of the renderer was changed")
	}
}

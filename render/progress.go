package render

import (
	"context"
	"image"
)

// progress counts the steps of a whole job.
type progress struct {
	done, total int
	tell        func(Progress)
}

// step counts one and tells of it.
func (p *progress) step(ctx context.Context, v *previews) {
	p.done++
	if p.tell == nil {
		return
	}
	shot := v.snapshot()
	p.tell(Progress{Step: p.done, Steps: p.total, Preview: func() image.Image { return v.sheet(ctx, shot) }})
}

package render

import (
	"context"
	"image"
)

// progress counts the steps of a whole job.
type progress struct {
	done, total int
	advance     int // tries that were told of as steps; the next steps make up for them
	callback    func(Progress)
}

// step counts one and tells of it.
func (p *progress) step(ctx context.Context, v *previews) {
	p.done++
	p.advance = max(p.advance-1, 0)
	p.report(ctx, v)
}

// try tells of work that ended no step, as of a step in advance: whoever waits sees that something moves. The last step
// is never told before it is done.
func (p *progress) attempt(ctx context.Context, v *previews) {
	if p.done+p.advance < p.total-1 {
		p.advance++
	}
	p.report(ctx, v)
}

func (p *progress) report(ctx context.Context, v *previews) {
	if p.callback == nil {
		return
	}
	shot := v.snapshot()
	p.callback(Progress{Step: p.done + p.advance, Steps: p.total, Preview: func() image.Image { return v.sheet(ctx, shot) }})
}

package render

import (
	"context"
	"image"
)

// progress counts the steps of a whole job.
type progress struct {
	done, total int
	ahead       int // tries that were told of as steps; the next steps make up for them
	tell        func(Progress)
}

// step counts one and tells of it.
func (p *progress) step(ctx context.Context, v *previews) {
	p.done++
	p.ahead = max(p.ahead-1, 0)
	p.say(ctx, v)
}

// try tells of work that ended no step, as of a step in advance: whoever waits sees that something moves. The last step
// is never told before it is done.
func (p *progress) try(ctx context.Context, v *previews) {
	if p.done+p.ahead < p.total-1 {
		p.ahead++
	}
	p.say(ctx, v)
}

func (p *progress) say(ctx context.Context, v *previews) {
	if p.tell == nil {
		return
	}
	shot := v.snapshot()
	p.tell(Progress{Step: p.done + p.ahead, Steps: p.total, Preview: func() image.Image { return v.sheet(ctx, shot) }})
}

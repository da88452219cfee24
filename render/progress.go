package render

import "context"

// progress counts the steps of a whole job.
type progress struct {
	done, total int
	advance     int // attempts that were reported as steps; the next steps make up for them
	callback    func(Progress)
}

// step counts a step and reports it.
func (p *progress) step(ctx context.Context, v *previews) {
	p.done++
	p.advance = max(p.advance-1, 0)
	p.report(ctx, v)
}

// part counts a part of the work after the steps: a tile that an upscaler enlarged. There may be more of them than was
// expected, where memory ran out.
func (p *progress) part(ctx context.Context, v *previews) {
	p.done = min(p.done+1, p.total)
	p.report(ctx, v)
}

// attempt reports work that ended no step as a step in advance, so that people check that something happens. The last
// step is never reported before it is done.
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
	p.callback(
		Progress{Step: p.done + p.advance, Steps: p.total, Preview: func() *Preview { return v.decodeAll(ctx, shot) }},
	)
}

package admit

import "darkroom/render/picture"

// tiles tells whether the model can paint pictures whose edges fit each other.
func (m Model) tiles() bool { return m.Tiles == nil || *m.Tiles }

// skips tells whether the model's text encoder can be read as early as that.
func (m Model) skips(clipSkip int) bool { return m.Skips == nil || clipSkip-1 <= *m.Skips }

// able refuses what the model cannot do in any size.
func (j *judgement) able() *Refusal {
	if j.order.Spec.Tiling && !j.model.tiles() {
		return refuse("Another model may do it.", "%s cannot paint pictures whose edges fit each other.", j.model.Name)
	}
	return nil
}

// shed leaves out what was chosen for another model and this one cannot do.
func (j *judgement) shed(m Model) {
	s := &j.order.Spec
	if s.Tiling && !m.tiles() {
		s.Tiling = false
		j.note("%s cannot paint pictures whose edges fit each other; that was left out.", m.Name)
	}
	if !m.skips(s.ClipSkip) {
		j.note("%s cannot follow a clip skip of %d; it was left out.", m.Name, s.ClipSkip)
		s.ClipSkip = 0
	}
	if s.Rescale > 0 && s.Dialect != picture.Diffusers {
		s.Rescale = 0
		j.note("%s cannot rescale its guidance; that was left out.", m.Name)
	}
}

package admit

import "darkroom/render/picture"

// tiles tells whether the model can paint pictures whose edges fit each other.
func (m Model) canTile() bool { return m.Tiling == nil || *m.Tiling }

// skips tells whether the model's text encoder can be read as early as that.
func (m Model) canSkip(clipSkip int) bool {
	return m.SkippableLayers == nil || clipSkip-1 <= *m.SkippableLayers
}

// able refuses what the model cannot do in any size.
func (j *judgement) checkAbilities() *Refusal {
	if j.resolved.Spec.Tiling && !j.model.canTile() {
		return refuse("Another model may do it.", "%s cannot paint pictures whose edges fit each other.", j.model.Name)
	}
	return nil
}

// shed leaves out what was chosen for another model and this one cannot do.
func (j *judgement) dropUnsupported(m Model) {
	s := &j.resolved.Spec
	if s.Tiling && !m.canTile() {
		s.Tiling = false
		j.note("%s cannot paint pictures whose edges fit each other; that was left out.", m.Name)
	}
	if !m.canSkip(s.ClipSkip) {
		j.note("%s cannot follow a clip skip of %d; it was left out.", m.Name, s.ClipSkip)
		s.ClipSkip = 0
	}
	if s.Rescale > 0 && s.Dialect != picture.Diffusers {
		s.Rescale = 0
		j.note("%s cannot rescale its guidance; that was left out.", m.Name)
	}
}

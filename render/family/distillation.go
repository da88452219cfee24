package family

// Distillation is how a model was trained further so that it needs few steps. The values are constants.
type Distillation struct {
	Name string // for people
	// Consistency says that it is a consistency model: the samplers lcm and tcd suit it, and no others.
	Consistency bool
	Defaults    Defaults
}

// RecogniseDistillation returns how a model was distilled, nil for one that was not.
func RecogniseDistillation(c Clues) *Distillation {
	switch {
	case isConsistency(c) && c.GuidanceWidth > 0:
		return LCM
	case isTCD(c):
		return TCD
	case isConsistency(c):
		return LCMInWeights
	case isFewSteps(c) && isAncestral(c):
		return Turbo
	case isFewSteps(c):
		return Lightning
	}
	return nil
}

// isConsistency recognises a consistency model by its pipeline or its scheduler.
func isConsistency(c Clues) bool { return LCMPipeline(c.Pipeline) || isLCM(c) || isTCD(c) }

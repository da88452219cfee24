package admit

import (
	"darkroom/render/phrase"
	"darkroom/render/request"
	"darkroom/store/limits"
)

// CheckQuota judges what a person has in hand against a server's limits, at the moment a job of so many images is
// accepted. It is asked again for every click.
func CheckQuota(p limits.Policy, u limits.Usage, pictures int) *request.Refusal {
	if r := paused(p); r != nil {
		return r
	}
	if p.PerUserDay > 0 && u.Day+pictures > p.PerUserDay {
		refusal := request.Refuse("None are left for now. Each image counts for 24 hours.",
			"Daily limit: this server allows %s per person in 24 hours, and you already asked for %d.",
			count(p.PerUserDay), u.Day)
		if left := p.PerUserDay - u.Day; left > 0 {
			return refusal.Suggest("You can still ask for %d. Each image counts for 24 hours.", left)
		}
		return refusal
	}
	if p.WaitingPerUser > 0 && u.Waiting == 0 && pictures > p.WaitingPerUser {
		return request.Refuse("", "Too many at once: this server allows %s waiting per person, and you asked for %d.",
			count(p.WaitingPerUser), pictures).
			Suggest("Ask for at most %s at once.", count(p.WaitingPerUser))
	}
	if p.WaitingPerUser > 0 && u.Waiting+pictures > p.WaitingPerUser {
		return request.Refuse("Wait until some are finished, or cancel one with /cancel.",
			"Too many waiting: this server allows %s per person. You have %d waiting and asked for %d more.",
			count(p.WaitingPerUser), u.Waiting, pictures)
	}
	return nil
}

func paused(p limits.Policy) *request.Refusal {
	if !p.Paused {
		return nil
	}
	if p.PauseReason == "" {
		return request.Refuse("", "This server is paused.")
	}
	return request.Refuse("", "This server is paused: %s", p.PauseReason)
}

func count(pictures int) phrase.Phrase {
	return phrase.Count(pictures, "%d image", "%d images", pictures)
}

package admit

import (
	"fmt"

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
		return request.Refuse(remaining(p.PerUserDay-u.Day)+" Each image counts for 24 hours.",
			"Daily limit: this server allows %s per person in 24 hours, and you already asked for %d.",
			count(p.PerUserDay), u.Day)
	}
	if p.WaitingPerUser > 0 && u.Waiting == 0 && pictures > p.WaitingPerUser {
		return request.Refuse(fmt.Sprintf("Ask for at most %s at once.", count(p.WaitingPerUser)),
			"Too many at once: this server allows %s waiting per person, and you asked for %d.",
			count(p.WaitingPerUser), pictures)
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

func count(pictures int) string {
	if pictures == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", pictures)
}

func remaining(n int) string {
	if n <= 0 {
		return "None are left for now."
	}
	return fmt.Sprintf("You can still ask for %d.", n)
}

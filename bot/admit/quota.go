package admit

import (
	"fmt"

	"darkroom/render/request"
)

// CheckQuota judges what a person has in hand against a server's limits, at the moment a job of so many pictures is
// accepted. It is asked again for every click.
func CheckQuota(p Policy, u Usage, pictures int) *request.Refusal {
	if r := paused(p); r != nil {
		return r
	}
	if p.PerUserDay > 0 && u.Day+pictures > p.PerUserDay {
		return request.Refuse(remaining(p.PerUserDay-u.Day)+" The count goes down as the day goes by.",
			"This server allows %s per person in 24 hours, and you asked for %d already.", count(p.PerUserDay), u.Day)
	}
	if p.WaitingPerUser > 0 && u.Waiting == 0 && pictures > p.WaitingPerUser {
		return request.Refuse(fmt.Sprintf("Ask for at most %s at once.", count(p.WaitingPerUser)),
			"This server allows %s waiting per person, and you asked for %d.", count(p.WaitingPerUser), pictures)
	}
	if p.WaitingPerUser > 0 && u.Waiting+pictures > p.WaitingPerUser {
		return request.Refuse("Wait until some are painted, or take one back with /cancel.",
			"This server allows %s waiting per person; you have %d waiting and asked for %d more.",
			count(p.WaitingPerUser), u.Waiting, pictures)
	}
	return nil
}

func paused(p Policy) *request.Refusal {
	if !p.Paused {
		return nil
	}
	if p.PauseReason == "" {
		return request.Refuse("", "Painting is paused in this server.")
	}
	return request.Refuse("", "Painting is paused in this server: %s", p.PauseReason)
}

func count(pictures int) string {
	if pictures == 1 {
		return "1 picture"
	}
	return fmt.Sprintf("%d pictures", pictures)
}

func remaining(n int) string {
	if n <= 0 {
		return "None are left for now."
	}
	return fmt.Sprintf("You can still ask for %d.", n)
}

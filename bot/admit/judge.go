package admit

import (
	"darkroom/render/picture"
	"darkroom/render/request"
)

// Judge judges a request for new pictures by the first model. seed is drawn by the caller, for requests that name none.
func Judge(req Request, available request.Available, policy Policy, seed int64) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func() (request.Resolved, *request.Refusal) {
		return needWords(request.Resolve(req.Wanted, available.Models[0], seed))
	})
}

// JudgeRemix judges a remix: the words are new, and what they leave open is as it was in base. The seed is new too.
func JudgeRemix(
	req Request, available request.Available, policy Policy, base picture.Spec, seed int64,
) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func() (request.Resolved, *request.Refusal) {
		return needWords(request.Remix(req.Wanted, available, base, seed))
	})
}

// JudgeSpec judges a Spec that a button derived from an earlier one: what was allowed then may not be allowed now.
func JudgeSpec(
	req Request, available request.Available, policy Policy, spec picture.Spec, spoiler bool,
) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func() (request.Resolved, *request.Refusal) {
		res, refusal := request.Repaint(spec, available)
		res.Spoiler = spoiler
		return res, refusal
	})
}

// JudgeOutpaint judges a Spec that a button derived from a posted picture, which becomes a part of a canvas. placeOn
// says where it lies on a canvas of the size that comes of the judgement.
func JudgeOutpaint(
	req Request, available request.Available, policy Policy, spec picture.Spec, from request.InitImage,
	placeOn func(width, height int) picture.Placement, spoiler bool,
) (request.Resolved, *request.Refusal) {
	res, refusal := judge(req, available, policy, func() (request.Resolved, *request.Refusal) {
		return request.Outpaint(spec, from, available)
	})
	if refusal != nil {
		return request.Resolved{}, refusal
	}
	at := placeOn(res.Spec.Width, res.Spec.Height)
	res.PendingInit.Place, res.Spoiler = &at, spoiler
	return res, nil
}

// judge resolves a request unless something forbids it anyway, and applies the server's limits.
func judge(
	req Request, available request.Available, policy Policy, resolve func() (request.Resolved, *request.Refusal),
) (request.Resolved, *request.Refusal) {
	if refusal := preconditions(req.Place, available, policy); refusal != nil {
		return request.Resolved{}, refusal
	}
	res, refusal := resolve()
	if refusal != nil {
		return request.Resolved{}, refusal
	}
	if refusal := limit(&res, policy); refusal != nil {
		return request.Resolved{}, refusal
	}
	return res, nil
}

// needWords refuses a picture of no words: in a chat that is always a slip.
func needWords(res request.Resolved, refusal *request.Refusal) (request.Resolved, *request.Refusal) {
	if refusal != nil || res.Spec.Prompt != "" {
		return res, refusal
	}
	example := "a red boat on a blue sea"
	if len(res.Card.Examples) > 0 {
		example = res.Card.Examples[0]
	}
	hint := "For example: /imagine prompt: " + example
	return request.Resolved{}, request.Refuse(hint, "There is nothing to paint: the prompt is empty.")
}

package admit

import (
	"slices"
	"strings"

	"darkroom/bot/command"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store/limits"
)

// Judge judges a request for new pictures by the model that it names, or else by the first. seed is drawn by the
// caller, for requests that name none. What only preferences would make impossible is done without them, with a note:
// a person who asks for a boat did not ask for them.
func Judge(
	req command.Request, available request.Available, policy limits.Policy, seed int64,
) (request.Resolved, *request.Refusal) {
	res, refusal := judgeNew(req, available, policy, seed)
	if refusal == nil || len(req.Wanted.Preferences) == 0 {
		return res, refusal
	}
	if wanted, ok := req.Wanted.WithoutPreferredHires(); ok {
		smaller := req
		smaller.Wanted = wanted
		if res, again := judgeNew(smaller, available, policy, seed); again == nil {
			res.Note("The second pass that /prefer or /settings asks for was left out. %s", refusal.Sentence)
			return res, nil
		}
	}
	req.Wanted = req.Wanted.WithoutPreferences()
	res, again := judgeNew(req, available, policy, seed)
	if again == nil {
		res.Note("What /prefer and /settings set was left out. %s", refusal.Sentence)
	}
	return res, again
}

// Foresee judges a request as Judge does, even while the server is paused or the bot may not send images here.
func Foresee(
	req command.Request, available request.Available, policy limits.Policy, seed int64,
) (request.Resolved, *request.Refusal) {
	req.Place = command.Place{AgeRestricted: req.Place.AgeRestricted}
	policy.Paused = false
	return Judge(req, available, policy, seed)
}

func judgeNew(
	req command.Request, available request.Available, policy limits.Policy, seed int64,
) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func(available request.Available) (request.Resolved, *request.Refusal) {
		return needWords(request.Resolve(req.Wanted, available, seed))
	})
}

// JudgeRemix judges a remix: the words are new, and what they leave open is as it was in base. The seed is new too, or
// if vary is not 0, it varies base by so much.
func JudgeRemix(
	req command.Request, available request.Available, policy limits.Policy, base picture.Spec, seed int64, vary float64,
) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func(available request.Available) (request.Resolved, *request.Refusal) {
		if vary > 0 {
			return needWords(request.RemixVaried(req.Wanted, available, base, seed, vary))
		}
		return needWords(request.Remix(req.Wanted, available, base, seed))
	})
}

// JudgeSpec judges a Spec that a button derived from an earlier one: what was allowed then may not be allowed now.
func JudgeSpec(
	req command.Request, available request.Available, policy limits.Policy, spec picture.Spec, spoiler bool,
) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func(available request.Available) (request.Resolved, *request.Refusal) {
		res, refusal := request.Repaint(spec, available)
		res.Spoiler = spoiler
		return res, refusal
	})
}

// JudgeUpscale judges the same picture at a larger size.
func JudgeUpscale(
	req command.Request, available request.Available, policy limits.Policy, spec picture.Spec,
	wanted request.WantedUpscale, spoiler bool,
) (request.Resolved, *request.Refusal) {
	return judge(req, available, policy, func(available request.Available) (request.Resolved, *request.Refusal) {
		res, refusal := request.Upscale(spec, wanted, available)
		res.Spoiler = spoiler
		return res, refusal
	})
}

// JudgeOutpaint judges a Spec that a button derived from a posted picture, which becomes a part of a canvas. layout
// says of which one, for a picture of the size that comes of the judgement.
func JudgeOutpaint(
	req command.Request, available request.Available, policy limits.Policy, spec picture.Spec, from request.Attachment,
	layout func(picture, window request.Size) request.Canvas, spoiler bool,
) (request.Resolved, *request.Refusal) {
	res, refusal := judge(req, available, policy, func(available request.Available) (request.Resolved, *request.Refusal) {
		return request.Outpaint(spec, from, available)
	})
	if refusal != nil {
		return request.Resolved{}, refusal
	}
	if refusal := res.PlaceOn(layout); refusal != nil {
		return request.Resolved{}, refusal
	}
	if most := policy.MaxPixels; most > 0 && res.Spec.Width*res.Spec.Height > most {
		return request.Resolved{}, request.Refuse("", "Too large to extend: this server allows at most %d pixels.", most)
	}
	res.Spoiler = spoiler
	return res, nil
}

// judge resolves a request unless something forbids it anyway, refuses what no renderer has, and applies the server's
// limits. What is marked as NSFW may be used in age-restricted channels only.
func judge(
	req command.Request, available request.Available, policy limits.Policy,
	resolve func(request.Available) (request.Resolved, *request.Refusal),
) (request.Resolved, *request.Refusal) {
	if refusal := preconditions(req.Place, available, policy); refusal != nil {
		return request.Resolved{}, refusal
	}
	available.Safe = !req.Place.AgeRestricted
	res, refusal := resolve(available)
	if refusal != nil {
		return request.Resolved{}, refusal
	}
	if refusal := available.Check(res.Spec); refusal != nil {
		return request.Resolved{}, refusal
	}
	if refusal := limit(&res, policy); refusal != nil {
		return request.Resolved{}, refusal
	}
	return res, nil
}

// needWords refuses a picture of no words: in a chat that is always a slip.
func needWords(res request.Resolved, refusal *request.Refusal) (request.Resolved, *request.Refusal) {
	some := func(t picture.TilePrompt) bool {
		words, _ := prompt.Addons(t.Prompt)
		return strings.TrimSpace(words) != ""
	}
	if refusal != nil || slices.ContainsFunc(res.Spec.Prompts(), some) {
		return res, refusal
	}
	example := "a red boat on a blue sea"
	if len(res.Card.Examples) > 0 {
		example = res.Card.Examples[0]
	}
	refusal = request.Refuse("", "The prompt is empty.").Suggest("For example: /imagine prompt: %s", example)
	return request.Resolved{}, refusal
}
